import type { NumbersAnswer } from '../answers.ts';
import { type FleetDevice, fleet, fleetTypes } from './fleet.ts';
import { HttpSender } from './http-sender.ts';
import { MqttSender } from './mqtt-sender.ts';
import { pollUntil, withProgress } from './progress.ts';
import { type Credentials, register } from './registration.ts';
import { type Sender, sendAll } from './sender.ts';
import { count, type Step, say, type World } from './world.ts';

/** Part of all messages that is acknowledged when the server is killed. */
const killShare = 0.4;

export const startServer: Step = {
  title: 'Start the platform',
  async run(world) {
    await world.server.start();
    const { mqttPort, httpPort, pid } = world.server;
    say(world, `MQTT on port ${mqttPort}, HTTP on port ${httpPort}, process ${pid}`);
  },
};

export const registerFleet: Step = {
  title: 'Register the fleet',
  async run(world) {
    const credentials = await register(world.api(), fleetTypes, fleet);
    for (const device of fleet) {
      world.senders.set(device.id, senderOf(world, device, credentials.get(device.id) as Credentials));
    }
    const inline = fleetTypes.filter((type) => type.mode === 'inline').map((type) => type.name);
    say(world, `${fleet.length} devices of ${fleetTypes.length} types, each with a password of its own`);
    say(world, `processed inline: ${inline.join(', ')}; the other types through the durable queue "ingest"`);
    say(world, 'one driver came in as a codec script: dragino-lht65 1.0.0 (nobody has noticed its bug yet)');
  },
};

export const sendWithoutIds: Step = {
  title: 'Devices that can only send bytes over MQTT 3.1.1',
  async run(world) {
    say(
      world,
      'They cannot say a message id, so nobody could tell a repeat from a new message: they go before the kill',
    );
    await withProgress(
      world.terminal,
      () => acknowledgedLine(world),
      send(
        world,
        fleet.filter((each) => each.speechless),
      ),
    );
    say(world, acknowledgedLine(world));
  },
};

export const sendAndKill: Step = {
  title: 'Everything else over MQTT 3.1.1, MQTT 5 and HTTP, with a kill -9 in the middle',
  async run(world) {
    const { ledger, server, terminal } = world;
    const sending = send(
      world,
      fleet.filter((each) => !each.speechless),
    );
    const half = ledger.until(() => ledger.answered >= ledger.shipments.length * killShare);
    await withProgress(terminal, () => acknowledgedLine(world), Promise.race([half, sending]));
    const { pid } = server;
    await server.kill();
    say(world, `kill -9 ${pid}, with ${acknowledgedLine(world)}`);
    const killedAt = performance.now();
    await server.start();
    say(world, `up again after ${count(Math.round(performance.now() - killedAt))} ms as process ${server.pid}`);
    await withProgress(terminal, () => acknowledgedLine(world), sending);
    say(world, `${acknowledgedLine(world)}; ${count(ledger.resent)} sent again because no answer had come`);
  },
};

export const waitUntilProcessed: Step = {
  title: 'Wait until the queue is empty',
  run: drain,
};

/** Waits until nothing is waiting, on its way or scheduled in the ingest queue. */
export async function drain(world: World): Promise<void> {
  let waiting = 0;
  const empty = pollUntil(async () => {
    const { ready, leased, scheduled } = await world.api().get<NumbersAnswer>('/v1/queues/ingest/stats');
    waiting = ready + leased + scheduled;
    return waiting === 0;
  });
  await withProgress(world.terminal, () => `${count(waiting)} messages to go`, empty);
  say(world, 'nothing waits');
}

function send(world: World, devices: readonly FleetDevice[]): Promise<unknown> {
  return Promise.all(
    devices.map(({ id }) => sendAll(world.senders.get(id) as Sender, world.traffic.get(id) ?? [], world.ledger)),
  );
}

function acknowledgedLine({ ledger }: World): string {
  const line = `${count(ledger.acknowledged)} of ${count(ledger.shipments.length)} messages acknowledged`;
  return ledger.refused.size === 0 ? line : `${line}, ${count(ledger.refused.size)} refused`;
}

function senderOf({ server, ledger }: World, device: FleetDevice, credentials: Credentials): Sender {
  const onResent = (): void => {
    ledger.resent++;
  };
  if (device.door === 'http') return new HttpSender(server.httpPort, credentials, onResent);
  return new MqttSender(server.mqttPort, device.door === 'mqtt-5' ? 5 : 4, credentials, onResent);
}
