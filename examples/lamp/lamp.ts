/** A lamp that is slow to change gets a thousand colours. It shows the one it had begun with, and then the last: green. */
import { setTimeout } from 'node:timers/promises';
import { connect } from '../../src/sdk/sdk.ts';
import { conclude, ExampleServer, say } from '../server.ts';

const changes = 1_000;
const colours = ['red', 'yellow', 'blue', 'white'];

const server = new ExampleServer();
await server.start();
await server.declare('lamps', { bindings: [{ filter: 'lamps/+/colour' }], lastValue: { key: 'topic' } });
const sluice = await connect(server.mqttUrl);

const shown: string[] = [];
const isRed = Promise.withResolvers<void>();
const mayChange = Promise.withResolvers<void>();
const isGreen = Promise.withResolvers<void>();
const lamp = await sluice.consume('lamps', async (message) => {
  shown.push(message.text());
  isRed.resolve();
  // Changing takes its time, and meanwhile somebody plays with the app.
  await mayChange.promise;
  await setTimeout(10);
  if (message.text() === 'green') isGreen.resolve();
});

await sluice.publish('lamps/kitchen/colour', 'red');
await isRed.promise;
const later = Array.from({ length: changes - 1 }, (_, n) =>
  n === changes - 2 ? 'green' : colours[n % colours.length],
);
await sluice.publishAll(later.map((payload) => ({ topic: 'lamps/kitchen/colour', payload })));
say(`${changes} colours for the kitchen, while its lamp changes to ${shown[0]}.`);
mayChange.resolve();
await isGreen.promise;
await lamp.stop();
const { ready, leased, scheduled } = await server.numbers('lamps');
await sluice.close();
await server.stop();
const others = shown.slice(1).filter((colour) => colour !== 'green').length;
conclude(
  `${changes} colours sent, the lamp showed ${shown.join(', then ')}, ${others} that were out of date`,
  shown[0] === 'red' && shown.at(-1) === 'green' && others === 0 && ready + leased + scheduled === 0,
);
