/** A burst comes much faster than its consumer works. It waits on disk, through a kill -9 of the server, and nothing of it is lost. */
import { setTimeout } from 'node:timers/promises';
import { connect, idempotent, MemoryLedger } from '../../src/sdk/sdk.ts';
import { conclude, ExampleServer, say } from '../server.ts';

const messages = 3_000;
const workers = 8;

const server = new ExampleServer();
await server.start();
await server.declare('burst', { bindings: [{ filter: 'burst/#' }] });
const sluice = await connect(server.mqttUrl);
const done: number[] = [];
const begun = Promise.withResolvers<void>();
const all = Promise.withResolvers<void>();
let delivered = 0;

const handler = idempotent({
  ledger: new MemoryLedger(),
  work: async (message) => {
    await setTimeout(2);
    return message.json<{ n: number }>().n;
  },
  effect: (n) => {
    done.push(n);
    if (done.length === messages / 10) begun.resolve();
    if (done.length === messages) all.resolve();
  },
});
const consumer = await sluice.consume(
  'burst',
  (message, signal) => {
    delivered++;
    return handler(message, signal);
  },
  { concurrency: workers },
);

const since = performance.now();
const burst = Array.from({ length: messages }, (_, n) => ({ topic: 'burst/a', payload: { n, text: 'x'.repeat(256) } }));
const published = (await sluice.publishAll(burst)).filter(({ ok }) => ok).length;
const { ready } = await server.numbers('burst');
say(`${published} messages are safe after ${Math.round(performance.now() - since)} ms; ${ready} of them wait.`);

await begun.promise;
if (server.isOwn) {
  say('The server is killed with them, and starts again.');
  await server.killAndRestart();
}
await all.promise;
await consumer.stop();
const { ready: waiting, leased, scheduled } = await server.numbers('burst');
await sluice.close();
await server.stop();
const twice = done.length - new Set(done).size;
const left = waiting + leased + scheduled;
conclude(
  `${published} messages, ${new Set(done).size} done, ${published - new Set(done).size} lost, ${twice} done twice, ${left} left in the queue, ${delivered - published} delivered again`,
  published === messages && new Set(done).size === messages && twice === 0 && left === 0 && ready > messages / 10,
);
