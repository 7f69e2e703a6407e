import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import { HeldSink } from './testing/broker-fixture.ts';
import { answered, type MemoryClient } from './testing/memory-client.ts';
import { OneQueue } from './testing/one-queue.ts';
import { SessionDisk } from './testing/session-disk.ts';

const kept = { sessionExpiryInterval: 1_000 };
const back = { cleanStart: false, properties: kept };

async function subscriber(
  disk: SessionDisk,
  clientId: string,
  filter: string,
  receiveMaximum = 100,
): Promise<MemoryClient> {
  const client = await disk.fixture.connect(clientId, { properties: { ...kept, receiveMaximum } });
  client.sendSubscribe(filter, { qos: 2 });
  await disk.flushed();
  client.take(PacketType.suback);
  return client;
}

/** Takes everything that has come and acknowledges it; answers the payloads. */
function taken(client: MemoryClient): string[] {
  return client.takeAll().flatMap((packet) => {
    if (packet.type === PacketType.pubrel) client.ack(PacketType.pubcomp, packet.packetId);
    if (packet.type !== PacketType.publish || !('payload' in packet) || typeof packet.payload !== 'string') return [];
    client.ack(packet.qos === 2 ? PacketType.pubrec : PacketType.puback, packet.packetId);
    return [packet.payload];
  });
}

test('packet ids that are freed on a later connection leave nothing behind in what the session may hold', async (t) => {
  const disk = new SessionDisk(t, { sessionBytesMax: 25_000 });
  let client = await subscriber(disk, 'c', 't');
  const publisher = await disk.fixture.connect('p');
  for (let round = 0; round < 5; round++) {
    publisher.publish('t', 'x'.repeat(10_000), { qos: 2, packetId: round + 1 });
    await disk.flushed();
    assert.equal(taken(client).length, 1, `round ${round}`);
    await disk.flushed();
    client.cut();
    client = await disk.fixture.connect('c', back);
    await disk.flushed();
    assert.deepEqual(taken(client), []);
    await disk.flushed();
  }
  assert.equal(disk.fixture.broker.counters.dropped.session_full, 0);
});

test('leases that end with the connection leave nothing behind in what the session may hold', async (t) => {
  const queue = new OneQueue();
  const disk = new SessionDisk(t, { sessionBytesMax: 25_000 }, { sources: [queue] });
  let client = await subscriber(disk, 'c', '$queue/jobs');
  client.sendSubscribe('t', { qos: 1 });
  await disk.flushed();
  for (let round = 0; round < 5; round++) {
    client.takeAll();
    queue.deliver('x'.repeat(10_000));
    await disk.flushed();
    client.takePublish();
    client.cut();
    client = await disk.fixture.connect('c', back);
    await disk.flushed();
    taken(client);
    await disk.flushed();
  }
  const publisher = await disk.fixture.connect('p');
  publisher.publish('t', 'fits', { qos: 1 });
  await disk.flushed();
  assert.deepEqual(taken(client), ['fits']);
});

test('leases among the messages that are on disk alone hide none of them', async (t) => {
  const queue = new OneQueue();
  const disk = new SessionDisk(t, { sessionMessagesMax: 10_000, receiveMaximum: 1_000 }, { sources: [queue] });
  const client = await subscriber(disk, 'c', 't', 1);
  client.sendSubscribe('$queue/jobs', { qos: 2 });
  await disk.flushed();
  client.take(PacketType.suback);
  const publisher = await disk.fixture.connect('p');
  const sent: string[] = [];
  for (let i = 1; i <= 257 + 256; i++) {
    publisher.publish('t', `${i}`, { qos: 1, packetId: i });
    sent.push(`${i}`);
    if (i > 300 && i <= 310) queue.deliver(`leased ${i}`);
  }
  const received: string[] = [];
  for (let quiet = 0; quiet < 3; quiet++) {
    await disk.flushed();
    const now = taken(client);
    received.push(...now);
    if (now.length > 0) quiet = 0;
  }
  assert.deepEqual(
    received.filter((payload) => !payload.startsWith('leased')),
    sent,
  );
});

test('a session that ends while a queue is asked for does not come back with the next start', async (t) => {
  let answer: (() => void) | undefined;
  const queue = new OneQueue();
  const resolve = queue.resolve.bind(queue);
  queue.resolve = (filter) =>
    new Promise<void>((done) => {
      answer = done;
    }).then(() => resolve(filter));
  const disk = new SessionDisk(t, {}, { sources: [queue] });
  const first = await disk.fixture.connect('c', { properties: kept });
  first.sendSubscribe('$queue/jobs', { qos: 1 });
  await subscriber(disk, 'c', 't');
  answer?.();
  await disk.flushed();
  await disk.restart();
  assert.equal(disk.fixture.broker.levels().subscriptions, 1);
  const publisher = await disk.fixture.connect('p');
  publisher.publish('t', 'x', { qos: 1 });
  await disk.flushed();
  const client = await disk.fixture.connect('c', back);
  await disk.flushed();
  assert.deepEqual(taken(client), ['x']);
});

test('a message that is refused after the session of its publisher has ended harms nobody', async (t) => {
  const sink = new HeldSink('held');
  const disk = new SessionDisk(t, {}, { sinks: [sink] });
  const publisher = await disk.fixture.connect('c', { properties: kept });
  publisher.publish('held', 'x', { qos: 2 });
  await disk.fixture.connect('c', { properties: kept });
  const [{ waiter, tag }] = sink.admitted;
  await disk.flushed();
  waiter.receipt(tag, new SluiceError('unavailable', 'Try again later'));
  assert.deepEqual(publisher.waiting(), [PacketType.disconnect]);
});

test('rows that cannot be read hide none of those behind them', async (t) => {
  const disk = new SessionDisk(t, { sessionMessagesMax: 1_000, receiveMaximum: 1_000 });
  (await subscriber(disk, 'c', 't')).cut();
  const publisher = await disk.fixture.connect('p');
  for (let id = 1; id <= 300; id++) publisher.publish('t', `${id}`, { qos: 1, packetId: id });
  await disk.flushed();
  await disk.damage('session-messages', Buffer.from('no row at all'));
  publisher.publish('t', 'readable', { qos: 1, packetId: 1 });
  await disk.flushed();
  const client = await disk.fixture.connect('c', back);
  await disk.flushed();
  assert.deepEqual(taken(client), ['readable']);
});

test('what came while the client was away is not taken for sent after a second crash', async (t) => {
  const disk = new SessionDisk(t);
  await subscriber(disk, 'c', 't');
  await disk.restart();
  await disk.flushed();
  const publisher = await disk.fixture.connect('p');
  publisher.publish('t', 'x', { qos: 1 });
  await disk.flushed();
  await disk.restart();
  const client = await disk.fixture.connect('c', back);
  await disk.flushed();
  assert.equal(client.takePublish().dup, false);
});

test('where the disk fails nothing is acknowledged, and everything is sent again after a restart', async (t) => {
  const disk = new SessionDisk(t);
  await subscriber(disk, 'c', 't');
  const publisher = await disk.fixture.connect('p', { properties: kept });
  const old = await disk.fixture.connect('old', { version: 4, cleanStart: false });
  publisher.publish('t', 'released', { qos: 2, packetId: 9 });
  await disk.flushed();
  publisher.take(PacketType.pubrec);
  disk.breaks();
  publisher.publish('t', 'one', { qos: 1, packetId: 1 });
  publisher.publish('t', 'two', { qos: 2, packetId: 2 });
  publisher.ack(PacketType.pubrel, 9);
  publisher.sendSubscribe('x', { qos: 1 });
  publisher.send({ type: PacketType.unsubscribe, packetId: 3, filters: ['x'], properties: undefined });
  old.publish('t', 'three', { qos: 2, packetId: 1 });
  await assert.rejects(disk.flushed(), { code: 'storage_failed' });
  await answered();
  const answers = publisher.takeAll().map((packet) => ('reasonCode' in packet ? [packet.type, packet.reasonCode] : []));
  assert.deepEqual(answers, [
    [PacketType.puback, 0x83],
    [PacketType.pubrec, 0x83],
    [PacketType.disconnect, 0x83],
  ]);
  assert.deepEqual([old.waiting(), old.ended, publisher.ended], [[], true, true]);
  await disk.restart();
  const client = await disk.fixture.connect('c', back);
  await disk.flushed();
  assert.deepEqual(taken(client), ['released']);
});

test('a session that cannot be read does not keep the others from starting', async (t) => {
  const disk = new SessionDisk(t);
  (await subscriber(disk, 'broken', 't')).cut();
  await disk.flushed();
  await disk.damage('sessions', Buffer.from('{"clientId":'));
  (await subscriber(disk, 'c', 't')).cut();
  await disk.flushed();
  await disk.restart();
  assert.equal(disk.fixture.broker.levels().sessions, 1);
  const client = await disk.fixture.connect('c', back);
  await disk.flushed();
  assert.deepEqual(taken(client), []);
});
