import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { after, type TestContext, test } from 'node:test';
import { connectAsync, type MqttClient } from 'mqtt';
import { type Server, startServer } from '../server.ts';
import { missing, Program } from './program.ts';

const skip = missing('/usr/bin/mosquitto_sub', 'mosquitto-clients');

interface Suback {
  readonly cmd: string;
  readonly granted: readonly number[];
  readonly properties?: { readonly reasonString?: string };
}

async function connected(t: TestContext, server: Server, protocolVersion: 4 | 5): Promise<MqttClient> {
  // Reasons come to those who ask for them.
  const properties = protocolVersion === 5 ? { properties: { requestProblemInformation: true } } : {};
  const client = await connectAsync(server.mqttUrl, { reconnectPeriod: 0, protocolVersion, ...properties });
  t.after(() => client.endAsync(true));
  return client;
}

const started = startServer({ after });

/** The server, with a new log. */
async function logOf(t: TestContext, payloads: readonly string[]): Promise<{ server: Server; publisher: MqttClient }> {
  const server = await started;
  const { queues } = await server.api<{ queues: { name: string }[] }>('GET', '/v1/queues');
  if (queues.some(({ name }) => name === 'audit')) await server.api('DELETE', '/v1/queues/audit');
  await server.api('POST', '/v1/queues', {
    name: 'audit',
    options: { kind: 'log', bindings: [{ filter: 'orders/#' }] },
  });
  const publisher = await connected(t, server, 5);
  for (const payload of payloads) await publisher.publishAsync('orders/new', payload, { qos: 1 });
  return { server, publisher };
}

/** Resolves with so many payloads, in the order in which they came. */
function payloadsOf(client: MqttClient, count: number): Promise<string[]> {
  return new Promise((resolve) => {
    const payloads: string[] = [];
    client.on('message', (_topic, payload) => {
      payloads.push(payload.toString());
      if (payloads.length === count) resolve(payloads);
    });
  });
}

async function lagOf(server: Server, group: string): Promise<number> {
  const { groups } = (await server.api('GET', '/v1/queues/audit/groups')) as {
    groups: { name: string; lagMessages: number }[];
  };
  return groups.find(({ name }) => name === group)?.lagMessages ?? -1;
}

test('MQTT.js reads a log from the place that its subscription names, and its group goes on there after a kill', async (t) => {
  const { server, publisher } = await logOf(t, ['1', '2', '3']);
  const first = await connected(t, server, 5);
  const received = payloadsOf(first, 2);
  await first.subscribeAsync('$stream/audit/billing', {
    qos: 1,
    properties: { userProperties: { start: '2' } },
  } as object);
  assert.deepEqual(await received, ['2', '3']);
  await first.endAsync();
  await publisher.publishAsync('orders/new', '4', { qos: 1 });
  publisher.on('error', () => undefined);
  await server.stop('SIGKILL');
  await server.start();
  // What was not acknowledged when it died comes again; nothing else does, and nothing is missing.
  const lag = await lagOf(server, 'billing');
  assert.ok(lag >= 1 && lag <= 3, `the lag is ${lag}`);
  const second = await connected(t, server, 4);
  const rest = payloadsOf(second, lag);
  await second.subscribeAsync('$stream/audit/billing', { qos: 1 });
  assert.deepEqual(await rest, ['2', '3', '4'].slice(-lag));
});

test('the members of a group share what comes, and another group gets it all', async (t) => {
  const { server, publisher } = await logOf(t, []);
  const members = [await connected(t, server, 5), await connected(t, server, 4)];
  const other = await connected(t, server, 5);
  const all = payloadsOf(other, 20);
  const shared: string[] = [];
  const done = new Promise<void>((resolve) => {
    for (const member of members) {
      member.on('message', (_topic, payload) => {
        shared.push(payload.toString());
        if (shared.length === 20) resolve();
      });
    }
  });
  for (const member of members) await member.subscribeAsync('$stream/audit/workers', { qos: 1 });
  await other.subscribeAsync('$stream/audit/other', { qos: 1 });
  const payloads = Array.from({ length: 20 }, (_, i) => `${i}`);
  for (const payload of payloads) await publisher.publishAsync('orders/new', payload, { qos: 1 });
  assert.deepEqual(await all, payloads);
  await done;
  assert.deepEqual(new Set(shared), new Set(payloads));
});

test('a stream that cannot be is refused in the SUBACK, with the reason', async (t) => {
  const { server } = await logOf(t, []);
  await server.api('POST', '/v1/queues', { name: 'work', options: {} });
  const client = await connected(t, server, 5);
  client.on('error', () => undefined);
  const ask = async (filter: string, start?: string): Promise<[number, string | undefined]> => {
    const answered = once(client as unknown as EventEmitter, 'packetreceive');
    const properties = start === undefined ? {} : { properties: { userProperties: { start } } };
    client.subscribe(filter, { qos: 1, ...properties } as object, () => undefined);
    const [packet] = (await answered) as [Suback];
    assert.equal(packet.cmd, 'suback');
    return [packet.granted[0], packet.properties?.reasonString];
  };
  const refused: [string, string | undefined, number, RegExp][] = [
    ['$stream/none/g', undefined, 0x8f, /there is no log "none"/],
    ['$stream/work/g', undefined, 0x83, /it is a work queue: subscribe to \$queue\/work/],
    ['$stream/audit', undefined, 0x8f, /expected \$stream\/<log>\/<group>/],
    ['$stream/audit/g', 'yesterday', 0x83, /Cannot start at "yesterday"/],
    ['$stream/audit/a b', undefined, 0x83, /a name takes/],
    ['$queue/audit', undefined, 0x83, /it is a log: subscribe to \$stream\/audit\/<group>/],
  ];
  for (const [filter, start, code, reason] of refused) {
    const [met, said] = await ask(filter, start);
    assert.equal(met, code, filter);
    assert.match(said ?? '', reason);
  }
});

test('mosquitto_sub reads a log from its beginning', { skip }, async (t) => {
  const { server } = await logOf(t, ['1', '2', '3']);
  const options = ['-V', 'mqttv5', '-q', '1', '-D', 'subscribe', 'user-property', 'start', 'earliest'];
  const reader = new Program('/usr/bin/mosquitto_sub', [
    ...['-p', String(server.mqttPort), ...options],
    ...['-t', '$stream/audit/reader', '-C', '3', '-F', '%p'],
  ]);
  const { code, stdout } = await reader.ended;
  assert.equal(code, 0);
  assert.deepEqual(stdout.trim().split('\n'), ['1', '2', '3']);
});
