import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../mqtt/codec/packets.ts';
import { createLog } from '../std/log.ts';
import { tellKept } from './lowered-limits.ts';
import { nobodyWaits } from './publisher.ts';
import { BrokerFixture, MemoryRetainedLog } from './testing/broker-fixture.ts';
import { answered, type MemoryClient } from './testing/memory-client.ts';
import { OneQueue } from './testing/one-queue.ts';
import { SessionDisk } from './testing/session-disk.ts';

const kept = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } } as const;

function publishes(client: MemoryClient): [string, number][] {
  return client
    .takeAll()
    .flatMap((packet) =>
      packet.type === PacketType.publish && 'qos' in packet ? [[String(packet.topic), packet.qos]] : [],
    );
}

test('a kept session gets what it was owed as it was owed, and no more than the lower qosMax from then on', async (t) => {
  const parts: { options?: { qosMax: 0 | 1 | 2 } } = {};
  const disk = new SessionDisk(t, {}, parts);
  const before = await disk.fixture.connect('away', kept);
  before.sendSubscribe('t/#', { qos: 2 });
  await disk.flushed();
  before.cut();
  const publisher = await disk.fixture.connect('p');
  publisher.publish('t/owed', 'x', { qos: 2, packetId: 1 });
  await disk.flushed();
  parts.options = { qosMax: 1 };
  await disk.restart();
  const later = await disk.fixture.connect('q');
  later.publish('t/new', 'x', { qos: 1, packetId: 1 });
  await disk.flushed();
  const back = await disk.fixture.connect('away', kept);
  await disk.flushed();
  await answered();
  assert.deepEqual(publishes(back), [
    ['t/owed', 2],
    ['t/new', 1],
  ]);
  assert.equal(disk.fixture.broker.levels().loweredSubscriptions, 1);
  await disk.restart();
  assert.equal(disk.fixture.broker.levels().loweredSubscriptions, 0);
});

test('a kept subscription gets QoS 0 where that is the most', async (t) => {
  const parts: { options?: { qosMax: 0 | 1 | 2 } } = {};
  const disk = new SessionDisk(t, {}, parts);
  (await disk.fixture.connect('c', kept)).sendSubscribe('t', { qos: 1 });
  await disk.flushed();
  parts.options = { qosMax: 0 };
  await disk.restart();
  const client = await disk.fixture.connect('c', kept);
  await disk.flushed();
  const message = { topic: 't', payload: Buffer.from('x'), retain: false, properties: undefined, receivedAt: 0 };
  disk.fixture.broker.publish({ ...message, qos: 1, publisher: 'p' }, nobodyWaits, 0);
  await disk.flushed();
  assert.deepEqual(publishes(client), [['t', 0]]);
});

test('a kept consumer of a queue gets no more than the lower qosMax', async (t) => {
  const queue = new OneQueue();
  const parts: { options?: { qosMax: 0 | 1 | 2 }; sources: OneQueue[] } = { sources: [queue] };
  const disk = new SessionDisk(t, {}, parts);
  (await disk.fixture.connect('c', kept)).sendSubscribe('$queue/jobs', { qos: 2 });
  await answered();
  await disk.flushed();
  parts.options = { qosMax: 1 };
  await disk.restart();
  const client = await disk.fixture.connect('c', kept);
  await disk.flushed();
  queue.deliver('one');
  await disk.flushed();
  assert.equal(publishes(client)[0][1], 1);
});

test('what is retained beyond a lower number stays and greets, and no topic is added', async () => {
  const retainedLog = new MemoryRetainedLog();
  const before = await new BrokerFixture({ retainedLog }).connect('p');
  for (const topic of ['a', 'b', 'c']) before.publish(topic, 'x', { retain: true });
  const after = new BrokerFixture({ retainedLog, limits: { retainedMessagesMax: 2 } });
  const client = await after.connect('c');
  client.publish('d', 'x', { qos: 1, retain: true });
  assert.equal(client.take(PacketType.puback).reasonCode, 0x97);
  client.publish('a', 'newer', { retain: true });
  client.subscribe('#');
  assert.deepEqual(
    publishes(client)
      .map(([topic]) => topic)
      .sort(),
    ['a', 'b', 'c'],
  );
});

test('where nothing is retained any more, what was greets nobody until it may again', async () => {
  const retainedLog = new MemoryRetainedLog();
  (await new BrokerFixture({ retainedLog }).connect('p')).publish('a', 'x', { retain: true });
  const none = await new BrokerFixture({ retainedLog, limits: { retainedMessagesMax: 0 } }).connect('c');
  none.subscribe('#');
  none.subscribe('a');
  assert.deepEqual(publishes(none), []);
  const again = await new BrokerFixture({ retainedLog }).connect('c');
  again.subscribe('#');
  assert.deepEqual(publishes(again), [['a', 0]]);
});

test('the log says at the start what is there beyond the limits of now', () => {
  const lines: string[] = [];
  const log = createLog('info', (line) => lines.push(line));
  const said = { loweredSubscriptions: 0, qosMax: 1, retained: 3, retainedMessagesMax: 3 } as const;
  tellKept(log, said);
  assert.deepEqual(lines, []);
  tellKept(log, { ...said, loweredSubscriptions: 7, retainedMessagesMax: 2 });
  tellKept(log, { ...said, retainedMessagesMax: 0 });
  assert.match(lines[0], /lower QoS.*"subscriptions":7,"qosMax":1/);
  assert.match(lines[1], /stay and greet.*"retained":3,"retainedMessagesMax":2/);
  assert.match(lines[2], /none of them greets anybody/);
});
