import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../mqtt/codec/packets.ts';
import { BrokerFixture } from './testing/broker-fixture.ts';
import type { MemoryClient } from './testing/memory-client.ts';
import { MemorySessionLog } from './testing/memory-session-log.ts';
import { SessionDisk } from './testing/session-disk.ts';
import { kept, keptMember, members, one, publishAcknowledged, taken } from './testing/shared-members.ts';

test('members that are away keep messages in turn, and only while nobody is connected', async () => {
  const fixture = new BrokerFixture();
  for (const clientId of ['a', 'b']) (await keptMember(fixture, clientId)).cut();
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 4; i++) publishAcknowledged(publisher, 't/x', `${i}`);
  publisher.publish('t/x', 'at QoS 0');
  assert.equal(fixture.broker.counters.dropped.offline_qos0, 1);
  const [c] = await members(fixture, 'c');
  publishAcknowledged(publisher, 't/x', 'connected');
  assert.deepEqual(taken(c), ['connected']);
  for (const [clientId, payloads] of [
    ['a', ['0', '2']],
    ['b', ['1', '3']],
  ] as const) {
    assert.deepEqual(taken(await fixture.connect(clientId, { cleanStart: false, properties: kept })), payloads);
  }
});

for (const [end, leave] of [
  ['its connection breaks', (client: MemoryClient) => client.cut()],
  [
    'it disconnects',
    (client: MemoryClient) => client.send({ type: PacketType.disconnect, reasonCode: 0, properties: undefined }),
  ],
] as const) {
  test(`QoS 1 messages that a member did not acknowledge go to another one when ${end}`, async () => {
    const fixture = new BrokerFixture();
    const a = await fixture.connect('a', { properties: one });
    a.subscribe('$share/g/t/#', { qos: 1 });
    const publisher = await fixture.connect('p');
    for (const payload of ['sent', 'waiting']) publishAcknowledged(publisher, 't/x', payload);
    const [b] = await members(fixture, 'b');
    leave(a);
    const [first, second] = [b.takePublish(), b.takePublish()];
    assert.deepEqual([first.payload, second.payload], ['sent', 'waiting']);
    assert.equal(first.dup, false);
    assert.equal(fixture.broker.counters.dropped.session_ended, 0);
  });
}

test('a QoS 2 message that was sent to a member goes to no other one [MQTT-4.8.2-5]; one that was not, does', async () => {
  const fixture = new BrokerFixture();
  const a = await fixture.connect('a', { properties: one });
  a.subscribe('$share/g/t/#', { qos: 2 });
  const publisher = await fixture.connect('p');
  for (const payload of ['sent', 'waiting']) publishAcknowledged(publisher, 't/x', payload, 2);
  assert.equal(a.takePublish().payload, 'sent');
  const [b] = await members(fixture, 'b');
  a.cut();
  assert.deepEqual(taken(b), ['waiting']);
  assert.equal(fixture.broker.counters.dropped.session_ended, 1);
});

for (const [type, name, qos] of [
  [PacketType.puback, 'PUBACK', 1],
  [PacketType.pubrec, 'PUBREC', 2],
] as const) {
  test(`a message that a member refused in its ${name} goes to nobody else [MQTT-4.8.2-6]`, async () => {
    const fixture = new BrokerFixture();
    const [a] = await members(fixture, 'a');
    const publisher = await fixture.connect('p');
    publishAcknowledged(publisher, 't/x', 'x', qos);
    const [b] = await members(fixture, 'b');
    a.ack(type, a.takePublish().packetId, 0x80);
    a.cut();
    assert.deepEqual(b.waiting(), []);
  });
}

test('UNSUBSCRIBE hands on what was not sent, and what was sent stays with the client [MQTT-3.10.4-3]', async () => {
  const fixture = new BrokerFixture();
  const a = await fixture.connect('a', { properties: one });
  a.subscribe('$share/g/t/#', { qos: 1 });
  const publisher = await fixture.connect('p');
  for (const payload of ['sent', 'waiting']) publishAcknowledged(publisher, 't/x', payload);
  const [b] = await members(fixture, 'b');
  a.send({ type: PacketType.unsubscribe, packetId: 1, filters: ['$share/g/t/#'], properties: undefined });
  assert.deepEqual(taken(b), ['waiting']);
  assert.equal(a.takePublish().payload, 'sent');
  a.take(PacketType.unsuback);
  a.cut();
  assert.deepEqual(taken(b), ['sent']);
});

test('a kept member that goes away hands on what it was not sent, and gets again what it was', async () => {
  const fixture = new BrokerFixture();
  const a = await keptMember(fixture, 'a', one);
  const publisher = await fixture.connect('p');
  for (const payload of ['sent', 'waiting']) publishAcknowledged(publisher, 't/x', payload);
  const [b] = await members(fixture, 'b');
  a.cut();
  assert.deepEqual(taken(b), ['waiting']);
  const again = await fixture.connect('a', { cleanStart: false, properties: kept });
  const repeated = again.takePublish();
  assert.deepEqual([repeated.payload, repeated.dup], ['sent', true]);
  assert.deepEqual(again.waiting(), []);
});

test('what a kept member did not acknowledge goes to another one when its session expires or is started anew', async () => {
  for (const end of ['expiry', 'clean start']) {
    const fixture = new BrokerFixture();
    const a = await keptMember(fixture, 'a');
    const publisher = await fixture.connect('p');
    publishAcknowledged(publisher, 't/x', 'sent');
    const [b] = await members(fixture, 'b');
    a.cut();
    assert.deepEqual(taken(b), [], end);
    if (end === 'expiry') fixture.clock.advance(100_000);
    else await fixture.connect('a');
    assert.deepEqual(taken(b), ['sent'], end);
  }
});

test('a message that is handed on leaves the disk of one kept member for that of another', async () => {
  const sessionLog = new MemorySessionLog();
  const fixture = new BrokerFixture({ sessionLog });
  const rows = (): number[] => [...sessionLog.sessions.values()].map(({ owed }) => owed.size);
  const a = await keptMember(fixture, 'a', one);
  const publisher = await fixture.connect('p');
  for (const payload of ['sent', 'unsent']) publishAcknowledged(publisher, 't/x', payload);
  const b = await keptMember(fixture, 'b');
  assert.deepEqual(rows(), [2, 0]);
  a.cut();
  assert.deepEqual(rows(), [1, 1]);
  const { payload, packetId } = b.takePublish();
  assert.equal(payload, 'unsent');
  b.ack(PacketType.puback, packetId);
  assert.deepEqual(rows(), [1, 0]);
});

test('a kept shared subscription is there again after a restart, with what it holds', async () => {
  const sessionLog = new MemorySessionLog();
  const before = new BrokerFixture({ sessionLog });
  (await keptMember(before, 'a')).cut();
  publishAcknowledged(await before.connect('p'), 't/x', 'before');
  const after = new BrokerFixture({ sessionLog });
  assert.equal(after.broker.levels().sharedSubscriptions, 1);
  publishAcknowledged(await after.connect('p'), 't/x', 'after');
  assert.deepEqual(taken(await after.connect('a', { cleanStart: false, properties: kept })), ['before', 'after']);
});

async function keptOnDisk(disk: SessionDisk, clientId: string): Promise<MemoryClient> {
  const client = await disk.fixture.connect(clientId, { properties: { ...kept, ...one } });
  client.sendSubscribe('$share/g/t/#', { qos: 1 });
  await disk.flushed();
  client.take(PacketType.suback);
  return client;
}

async function publishMany(disk: SessionDisk, count: number): Promise<void> {
  const publisher = await disk.fixture.connect('p');
  for (let id = 1; id <= count; id++) publisher.publish('t/x', `${id}`, { qos: 1, packetId: id });
  await disk.flushed();
  assert.equal(publisher.waiting().length, count);
}

test('a backlog that lies on disk alone goes to the members that are there', async (t) => {
  const disk = new SessionDisk(t, { sessionMessagesMax: 1_000, receiveMaximum: 1_000, inflightMax: 1_000 });
  const a = await keptOnDisk(disk, 'a');
  await publishMany(disk, 700);
  const [b] = await members(disk.fixture, 'b');
  a.cut();
  await disk.flushed();
  await disk.flushed();
  assert.deepEqual(
    taken(b),
    Array.from({ length: 699 }, (_, i) => `${i + 2}`),
  );
  assert.equal(disk.count('session-messages'), 1);
});

test('what a kept member owed goes on when its session expires, also after a restart', async (t) => {
  const disk = new SessionDisk(t);
  (await keptOnDisk(disk, 'a')).cut();
  await publishMany(disk, 5);
  await disk.restart();
  const [b] = await members(disk.fixture, 'b');
  assert.deepEqual(taken(b), []);
  disk.fixture.clock.advance(100_000);
  await disk.flushed();
  assert.deepEqual(taken(b), ['1', '2', '3', '4', '5']);
  assert.equal(disk.count('session-messages'), 0);
  assert.equal(disk.fixture.broker.counters.dropped.session_ended, 0);
});

test('what a session owed when it ended goes on, whether it was flushed by then or not', async (t) => {
  const disk = new SessionDisk(t);
  (await keptOnDisk(disk, 'a')).cut();
  await disk.flushed();
  const publisher = await disk.fixture.connect('p');
  for (let id = 1; id <= 3; id++) publisher.publish('t/x', `${id}`, { qos: 1, packetId: id });
  const [b] = await members(disk.fixture, 'b');
  disk.fixture.clock.advance(100_000);
  await disk.flushed();
  await disk.flushed();
  assert.deepEqual(taken(b), ['1', '2', '3']);
});

test('a kept member that comes and goes within one flush hands on each message once', async (t) => {
  const disk = new SessionDisk(t);
  const properties = { ...kept, ...one };
  const a = await disk.fixture.connect('a', { properties });
  a.sendSubscribe('$share/g/t/#', { qos: 2 });
  await disk.flushed();
  a.take(PacketType.suback);
  const publisher = await disk.fixture.connect('p');
  for (let id = 1; id <= 4; id++) publisher.publish('t/x', `${id}`, { qos: 2, packetId: id });
  await disk.flushed();
  assert.equal(a.takePublish().payload, '1');
  const [b] = await members(disk.fixture, 'b');
  a.cut();
  const again = disk.fixture.open();
  void again.connect({ clientId: 'a', cleanStart: false, properties });
  for (let i = 0; i < 10; i++) await null;
  again.take(PacketType.connack);
  again.cut();
  await disk.flushed();
  assert.deepEqual(taken(b), ['2', '3', '4']);
});

test('what a kept member keeps for itself does not hold up what it hands on', async (t) => {
  const disk = new SessionDisk(t, { sessionMessagesMax: 1_000, receiveMaximum: 1_000 });
  const a = await disk.fixture.connect('a', { properties: { ...kept, ...one } });
  a.sendSubscribe('$share/g/t/#', { qos: 1 });
  a.sendSubscribe('own', { qos: 1 });
  await disk.flushed();
  a.takeAll();
  const publisher = await disk.fixture.connect('p');
  for (let id = 1; id <= 300; id++) publisher.publish('own', `${id}`, { qos: 1, packetId: id });
  publisher.publish('t/x', 'shared', { qos: 1, packetId: 301 });
  await disk.flushed();
  const [b] = await members(disk.fixture, 'b');
  a.cut();
  await disk.flushed();
  assert.deepEqual(taken(b), ['shared']);
});

test('a member that can hold no more is not taken for the least loaded because most of what it owes is on disk', async () => {
  const fixture = new BrokerFixture({ limits: { sessionMessagesMax: 400 } });
  const publisher = await fixture.connect('p');
  await keptMember(fixture, 'full', one);
  for (let i = 0; i < 400; i++) publishAcknowledged(publisher, 't/x', `${i}`);
  await keptMember(fixture, 'free', one);
  for (let i = 0; i < 400; i++) publishAcknowledged(publisher, 't/x', `${i}`);
  assert.equal(fixture.broker.counters.dropped.session_full, 0);
});
