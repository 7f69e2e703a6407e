import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../mqtt/codec/packets.ts';
import type { MemoryClient } from './testing/memory-client.ts';
import { SessionDisk } from './testing/session-disk.ts';

const kept = { sessionExpiryInterval: 1_000 };
const back = { cleanStart: false, properties: kept };

async function subscriber(disk: SessionDisk, clientId: string, qos: 1 | 2): Promise<MemoryClient> {
  const client = await disk.fixture.connect(clientId, { properties: kept });
  client.sendSubscribe('t', { qos });
  await disk.flushed();
  client.take(PacketType.suback);
  return client;
}

function payloads(client: MemoryClient): string[] {
  return client
    .waiting()
    .filter((type) => type === PacketType.publish)
    .map(() => client.takePublish().payload);
}

test('what came while the client was away is read from disk when it is back, in order, beyond what memory holds', async (t) => {
  const disk = new SessionDisk(t, { sessionMessagesMax: 10_000, inflightMax: 1_000, receiveMaximum: 5_000 });
  (await subscriber(disk, 'c', 1)).cut();
  const publisher = await disk.fixture.connect('p');
  for (let id = 1; id <= 1_500; id++) publisher.publish('t', `${id}`, { qos: 1, packetId: id });
  await disk.flushed();
  assert.equal(publisher.waiting().length, 1_500);
  await disk.restart();
  const client = await disk.fixture.connect('c', back);
  await disk.flushed();
  const another = await disk.fixture.connect('p');
  another.publish('t', 'live', { qos: 1, packetId: 1 });
  const received: string[] = [];
  for (let turn = 0; turn < 20; turn++) {
    for (const type of client.waiting()) {
      assert.equal(type, PacketType.publish);
      const { payload, packetId } = client.takePublish();
      received.push(payload);
      client.ack(PacketType.puback, packetId);
    }
    await disk.flushed();
  }
  assert.deepEqual(received, [...Array.from({ length: 1_500 }, (_, i) => `${i + 1}`), 'live']);
  assert.equal(disk.count('session-messages'), 0);
});

test('a message for many sessions that are away is stored once, and goes with the last of them', async (t) => {
  const disk = new SessionDisk(t);
  for (let i = 0; i < 20; i++) (await subscriber(disk, `c${i}`, 1)).cut();
  const publisher = await disk.fixture.connect('p');
  publisher.publish('t', 'x'.repeat(2_000), { qos: 1, packetId: 1 });
  await disk.flushed();
  assert.deepEqual([disk.count('session-messages'), disk.count('session-bodies')], [20, 1]);
  await disk.restart();
  for (let i = 0; i < 20; i++) {
    assert.equal(disk.count('session-bodies'), 1);
    const client = await disk.fixture.connect(`c${i}`, back);
    await disk.flushed();
    const { payload, packetId } = client.takePublish();
    assert.equal(payload.length, 2_000);
    client.ack(PacketType.puback, packetId);
    await disk.flushed();
  }
  const tables = ['session-messages', 'session-bodies', 'session-body-counts'] as const;
  assert.deepEqual(
    tables.map((table) => disk.count(table)),
    [0, 0, 0],
  );
});

test('sessions that end take what they owed from the disk, also bodies that they shared', async (t) => {
  const disk = new SessionDisk(t);
  for (const id of ['a', 'b']) (await subscriber(disk, id, 1)).cut();
  const publisher = await disk.fixture.connect('p');
  publisher.publish('t', 'x'.repeat(2_000), { qos: 1, packetId: 1 });
  await disk.flushed();
  for (const id of ['a', 'b']) {
    assert.equal(disk.count('session-bodies'), 1);
    (await disk.fixture.connect(id, { cleanStart: true })).cut();
    await disk.flushed();
    await disk.flushed();
  }
  const tables = [
    'sessions',
    'session-positions',
    'session-messages',
    'session-bodies',
    'session-body-counts',
  ] as const;
  assert.deepEqual(
    tables.map((table) => disk.count(table)),
    [0, 0, 0, 0, 0],
  );
});

test('a QoS 2 message keeps its packet id over a restart, and after PUBREC it is not sent again [MQTT-4.4.0-1]', async (t) => {
  const disk = new SessionDisk(t);
  const client = await subscriber(disk, 'c', 2);
  const publisher = await disk.fixture.connect('p');
  for (const id of [1, 2]) publisher.publish('t', `${id}`, { qos: 2, packetId: id });
  assert.deepEqual(client.waiting(), [], 'sent before it was flushed');
  await disk.flushed();
  const [one, two] = [client.takePublish(), client.takePublish()];
  client.ack(PacketType.pubrec, one.packetId);
  assert.deepEqual(client.waiting(), [], 'released before that was flushed');
  await disk.flushed();
  assert.equal(client.take(PacketType.pubrel).packetId, one.packetId);
  await disk.restart();
  const again = await disk.fixture.connect('c', back);
  await disk.flushed();
  assert.equal(again.take(PacketType.pubrel).packetId, one.packetId);
  const repeated = again.takePublish();
  assert.deepEqual([repeated.payload, repeated.packetId, repeated.dup], ['2', two.packetId, true]);
  again.ack(PacketType.pubcomp, one.packetId);
  again.ack(PacketType.pubrec, two.packetId);
  await disk.flushed();
  again.ack(PacketType.pubcomp, again.take(PacketType.pubrel).packetId);
  await disk.flushed();
  assert.equal(disk.count('session-messages'), 0);
});

test('a QoS 2 message from a kept session counts once, also when the process was started again in between', async (t) => {
  const disk = new SessionDisk(t);
  (await subscriber(disk, 'c', 1)).cut();
  const publisher = await disk.fixture.connect('p', { properties: kept });
  publisher.publish('t', 'once', { qos: 2, packetId: 9 });
  assert.deepEqual(publisher.waiting(), []);
  await disk.flushed();
  publisher.take(PacketType.pubrec);
  await disk.restart();
  const again = await disk.fixture.connect('p', back);
  again.publish('t', 'once', { qos: 2, packetId: 9, dup: true });
  await disk.flushed();
  again.take(PacketType.pubrec);
  again.ack(PacketType.pubrel, 9);
  assert.deepEqual(again.waiting(), [], 'completed before that was flushed');
  await disk.flushed();
  again.take(PacketType.pubcomp);
  const client = await disk.fixture.connect('c', back);
  await disk.flushed();
  assert.deepEqual(payloads(client), ['once']);
  await disk.restart();
  const third = await disk.fixture.connect('p', back);
  third.publish('t', 'another', { qos: 2, packetId: 9 });
  await disk.flushed();
  third.take(PacketType.pubrec);
  const reader = await disk.fixture.connect('c', back);
  await disk.flushed();
  assert.deepEqual(payloads(reader), ['once', 'another']);
});

test('a client that is slow has what it is owed on disk, not in memory', async (t) => {
  const disk = new SessionDisk(t, { sessionMessagesMax: 10_000, receiveMaximum: 5_000, inflightMax: 10 });
  const client = await subscriber(disk, 'c', 1);
  const publisher = await disk.fixture.connect('p');
  for (let id = 1; id <= 2_000; id++) publisher.publish('t', `${id}`, { qos: 1, packetId: id });
  await disk.flushed();
  const received: string[] = [];
  while (received.length < 2_000) {
    const waiting = client.waiting();
    assert.ok(waiting.length > 0, `nothing came after ${received.length}`);
    for (const _ of waiting) {
      const { payload, packetId } = client.takePublish();
      received.push(payload);
      client.ack(PacketType.puback, packetId);
    }
    await new Promise(setImmediate);
  }
  assert.deepEqual(
    received,
    Array.from({ length: 2_000 }, (_, i) => `${i + 1}`),
  );
});

test('a will that waits for its delay outlives the process', async (t) => {
  const disk = new SessionDisk(t);
  const will = {
    topic: 't',
    payload: Buffer.from('gone'),
    qos: 1,
    retain: false,
    properties: { willDelayInterval: 60 },
  } as const;
  await disk.fixture.connect('w', { properties: kept, will });
  await disk.flushed();
  await disk.restart();
  const watcher = await disk.fixture.connect('watcher');
  assert.equal(watcher.subscribe('t'), 0);
  disk.fixture.clock.advance(59_000);
  assert.deepEqual(watcher.waiting(), []);
  disk.fixture.clock.advance(1_000);
  assert.equal(watcher.takePublish().payload, 'gone');
});
