import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type Will } from '../mqtt/codec/packets.ts';
import { BrokerFixture, HeldSink, openAccess } from './testing/broker-fixture.ts';
import { MemorySessionLog } from './testing/memory-session-log.ts';

const kept = { sessionExpiryInterval: 100 };

test('a kept session gets what came while its client was away, in order', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c', { properties: kept });
  await client.subscribed('t', { qos: 1 });
  client.cut();
  const publisher = await fixture.connect('p');
  for (const payload of ['1', '2', '3']) publisher.publish('t', payload, { qos: 1 });
  publisher.publish('t', 'not kept at QoS 0');
  const again = fixture.open();
  await again.connect({ clientId: 'c', cleanStart: false, properties: kept });
  assert.equal(again.take(PacketType.connack).sessionPresent, true);
  assert.deepEqual(
    [again.takePublish(), again.takePublish(), again.takePublish()].map((m) => m.payload),
    ['1', '2', '3'],
  );
  assert.deepEqual(again.waiting(), []);
});

/** A client has three messages, has answered the second with PUBREC, and is gone. */
async function threeUnderWay(): Promise<BrokerFixture> {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c', { properties: kept });
  await client.subscribed('t', { qos: 2 });
  const publisher = await fixture.connect('p');
  publisher.publish('t', 'one', { qos: 1, packetId: 1 });
  publisher.publish('t', 'two', { qos: 2, packetId: 2 });
  publisher.publish('t', 'three', { qos: 2, packetId: 3 });
  assert.deepEqual([client.takePublish(), client.takePublish(), client.takePublish()].map(idOf), [1, 2, 3]);
  client.ack(PacketType.pubrec, 2);
  client.take(PacketType.pubrel);
  client.cut();
  return fixture;
}

function idOf({ packetId }: { readonly packetId: number }): number {
  return packetId;
}

test('what was not acknowledged comes again with DUP and its packet id [MQTT-4.4.0-1]', async () => {
  const fixture = await threeUnderWay();
  const again = await fixture.connect('c', { cleanStart: false, properties: kept });
  const one = again.takePublish();
  assert.deepEqual([one.dup, one.packetId, one.payload], [true, 1, 'one']);
  assert.equal(again.take(PacketType.pubrel).packetId, 2);
  const three = again.takePublish();
  assert.deepEqual([three.dup, three.packetId, three.payload], [true, 3, 'three']);
});

test('a PUBREL that is sent again does not wait for the window, and takes its room up to PUBCOMP [MQTT-3.3.4-9, 4.9.0-3]', async () => {
  const fixture = await threeUnderWay();
  const properties = { ...kept, receiveMaximum: 1 };
  const again = await fixture.connect('c', { cleanStart: false, properties });
  assert.equal(again.take(PacketType.pubrel).packetId, 2);
  assert.deepEqual(again.waiting(), []);
  again.ack(PacketType.pubcomp, 2);
  assert.equal(again.takePublish().payload, 'one');
  assert.deepEqual(again.waiting(), []);
  again.ack(PacketType.puback, 1);
  assert.equal(again.takePublish().payload, 'three');
});

test('a clean start forgets the session, and the end of its time too', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c', { properties: kept });
  await client.subscribed('t');
  client.cut();
  const clean = fixture.open();
  await clean.connect({ clientId: 'c', cleanStart: true, properties: kept });
  assert.equal(clean.take(PacketType.connack).sessionPresent, false);
  assert.equal(fixture.broker.levels().subscriptions, 0);
  clean.cut();
  fixture.clock.advance(100_000);
  assert.equal(fixture.broker.levels().sessions, 0);
});

test('a 3.1.1 session that is not clean is kept, a clean one ends with its connection', async () => {
  const fixture = new BrokerFixture();
  (await fixture.connect('kept', { version: 4, cleanStart: false })).cut();
  (await fixture.connect('gone', { version: 4, cleanStart: true })).cut();
  assert.equal(fixture.broker.levels().sessions, 1);
});

test('only as many messages are under way as the client can take; the rest follows the acknowledgements', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c', { properties: { receiveMaximum: 2 } });
  client.subscribe('t', { qos: 1 });
  const publisher = await fixture.connect('p');
  for (let id = 1; id <= 5; id++) publisher.publish('t', `${id}`, { qos: 1, packetId: id });
  const first = client.takePublish();
  client.takePublish();
  assert.deepEqual(client.waiting(), []);
  client.ack(PacketType.puback, first.packetId);
  assert.equal(client.takePublish().payload, '3');
  assert.deepEqual(client.waiting(), []);
});

test('a session holds no more than allowed, and counts what it drops', async () => {
  const fixture = new BrokerFixture({ limits: { sessionMessagesMax: 2 } });
  const client = await fixture.connect('c', { properties: kept });
  await client.subscribed('t', { qos: 1 });
  client.cut();
  const publisher = await fixture.connect('p');
  for (let id = 1; id <= 5; id++) publisher.publish('t', `${id}`, { qos: 1, packetId: id });
  assert.equal(fixture.broker.counters.dropped.session_full, 3);
});

test('a socket that does not drain loses QoS 0 and keeps QoS 1', async () => {
  const fixture = new BrokerFixture({ limits: { outputBytesMax: 1000 } });
  const client = await fixture.connect('c');
  client.subscribe('t', { qos: 1 });
  client.stuckBytes = 1001;
  const publisher = await fixture.connect('p');
  publisher.publish('t', 'lost');
  publisher.publish('t', 'kept', { qos: 1 });
  assert.equal(fixture.broker.counters.dropped.slow_consumer, 1);
  client.stuckBytes = 0;
  client.drained();
  assert.equal(client.takePublish().payload, 'kept');
});

for (const qos of [0, 1] as const) {
  test(`a publisher at QoS ${qos} waits for a congested subscriber, but not for ever`, async () => {
    const fixture = new BrokerFixture();
    const client = await fixture.connect('c');
    client.subscribe('t', { qos });
    const publisher = await fixture.connect('p');
    client.stuckBytes = 2 * 1024 * 1024;
    publisher.publish('t', '1', { qos, packetId: 1 });
    assert.equal(publisher.paused, true);
    client.stuckBytes = 0;
    client.drained();
    assert.equal(publisher.paused, false);
    client.stuckBytes = 2 * 1024 * 1024;
    publisher.publish('t', '2', { qos, packetId: 2 });
    fixture.clock.advance(1_000);
    assert.equal(publisher.paused, false);
    publisher.publish('t', '3', { qos, packetId: 3 });
    assert.equal(publisher.paused, false);
  });
}

for (const qos of [0, 1] as const) {
  test(`a publisher at QoS ${qos} is not read while its message waits for room, and outlives its keep-alive`, async () => {
    const sink = new HeldSink('t');
    const fixture = new BrokerFixture({ sinks: [sink] });
    const publisher = await fixture.connect('p', { keepAlive: 10 });
    publisher.publish('t', '1', { qos, packetId: 1 });
    const [{ waiter, tag }] = sink.admitted;
    waiter.held?.(tag, 'blocked_queue');
    assert.equal(publisher.paused, true);
    fixture.clock.advance(60_000);
    assert.equal(publisher.ended, false);
    waiter.receipt(tag, undefined);
    assert.equal(publisher.paused, false);
  });
}

test('a message larger than the client takes is not sent [MQTT-3.1.2-25]', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c', { properties: { maximumPacketSize: 60 } });
  client.subscribe('t', { qos: 1 });
  const publisher = await fixture.connect('p');
  publisher.publish('t', 'x'.repeat(100), { qos: 1, packetId: 1 });
  publisher.publish('t', 'small', { qos: 1, packetId: 2 });
  assert.equal(client.takePublish().payload, 'small');
  assert.equal(fixture.broker.counters.dropped.packet_too_large, 1);
});

function will(delaySeconds?: number): Will {
  const properties = delaySeconds === undefined ? undefined : { willDelayInterval: delaySeconds };
  return { topic: 'will', payload: Buffer.from('gone'), qos: 0, retain: false, properties };
}

test('the will is published when the connection breaks, not after DISCONNECT', async () => {
  const fixture = new BrokerFixture();
  const watcher = await fixture.connect('w');
  watcher.subscribe('will');
  const polite = await fixture.connect('polite', { will: will() });
  polite.send({ type: PacketType.disconnect, reasonCode: 0, properties: undefined });
  assert.deepEqual(watcher.waiting(), []);
  const insistent = await fixture.connect('insistent', { will: will() });
  insistent.send({ type: PacketType.disconnect, reasonCode: 4, properties: undefined });
  watcher.takePublish();
  const broken = await fixture.connect('broken', { will: will() });
  broken.cut();
  assert.equal(watcher.takePublish().payload, 'gone');
});

test('a delayed will waits for the client, and for no longer than the session [MQTT-3.1.3-9]', async () => {
  const fixture = new BrokerFixture();
  const watcher = await fixture.connect('w');
  watcher.subscribe('will');
  (await fixture.connect('back', { will: will(10), properties: kept })).cut();
  fixture.clock.advance(9_000);
  await fixture.connect('back', { cleanStart: false, properties: kept });
  fixture.clock.advance(60_000);
  assert.deepEqual(watcher.waiting(), []);
  (await fixture.connect('away', { will: will(500), properties: { sessionExpiryInterval: 20 } })).cut();
  fixture.clock.advance(19_999);
  assert.deepEqual(watcher.waiting(), []);
  fixture.clock.advance(1);
  watcher.takePublish();
});

test('a stop publishes the wills of those who are connected, and leaves those that wait to the next start', async () => {
  const sessionLog = new MemorySessionLog();
  const fixture = new BrokerFixture({ sessionLog });
  await fixture.connect('connected', { will: will() });
  await fixture.connect('waiting', { will: will(60), properties: kept });
  (await fixture.connect('away', { will: will(60), properties: kept })).cut();
  fixture.broker.sayGoodbye();
  fixture.broker.stop();
  assert.equal(fixture.broker.counters.willsPublished, 1);
  const next = new BrokerFixture({ sessionLog });
  const watcher = await next.connect('w');
  watcher.subscribe('will');
  next.clock.advance(60_000);
  assert.equal(watcher.waiting().length, 2);
});

test('a kept session, its subscriptions and what it is owed outlive the process', async () => {
  const sessionLog = new MemorySessionLog();
  const before = new BrokerFixture({ sessionLog });
  const client = await before.connect('c', { properties: kept });
  await client.subscribed('t', { qos: 1 }, 9);
  const publisher = await before.connect('p');
  publisher.publish('t', 'acknowledged', { qos: 1, packetId: 1 });
  client.ack(PacketType.puback, client.takePublish().packetId);
  publisher.publish('t', 'sent', { qos: 1, packetId: 2 });
  client.takePublish();
  client.cut();
  publisher.publish('t', 'waiting', { qos: 1, packetId: 3 });

  const after = new BrokerFixture({ sessionLog });
  const again = await after.connect('c', { cleanStart: false, properties: kept });
  const [sent, waiting] = [again.takePublish(), again.takePublish()];
  assert.deepEqual([sent.payload, waiting.payload], ['sent', 'waiting']);
  assert.deepEqual(sent.properties?.subscriptionIdentifiers, [9]);
  (await after.connect('p')).publish('t', 'new', { qos: 1 });
  assert.equal(again.takePublish().payload, 'new');
  assert.deepEqual(again.waiting(), []);
});

test('a session whose time was over while the process was down is gone, with its rows', async () => {
  const sessionLog = new MemorySessionLog();
  const before = new BrokerFixture({ sessionLog });
  (await before.connect('c', { properties: kept })).cut();
  const after = new BrokerFixture({ sessionLog });
  assert.equal(after.broker.levels().sessions, 1);
  after.clock.advance(100_000);
  assert.equal(after.broker.levels().sessions, 0);
  assert.equal(sessionLog.sessions.size, 0);
});

test('a publish to a kept session is acknowledged from the receipt of the disk', async () => {
  class SlowLog extends MemorySessionLog {
    readonly waiters: (() => void)[] = [];
    override wait(...[waiter, tag]: Parameters<MemorySessionLog['wait']>): void {
      this.waiters.push(() => waiter.receipt(tag, undefined));
    }
  }
  const sessionLog = new SlowLog();
  const fixture = new BrokerFixture({ sessionLog });
  const client = await fixture.connect('c', { properties: kept });
  await client.subscribed('t', { qos: 1 });
  client.cut();
  const publisher = await fixture.connect('p');
  publisher.publish('t', 'x', { qos: 1, packetId: 4 });
  assert.deepEqual(publisher.waiting(), []);
  sessionLog.waiters[0]();
  assert.equal(publisher.take(PacketType.puback).packetId, 4);
});

test('a session is taken up within the limits of the new connection', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c', { properties: kept });
  await client.subscribed('t', { qos: 1 });
  const publisher = await fixture.connect('p');
  for (let id = 1; id <= 6; id++)
    publisher.publish('t', id === 2 ? 'x'.repeat(200) : `${id}`, { qos: 1, packetId: id });
  client.cut();
  const properties = { ...kept, receiveMaximum: 2, maximumPacketSize: 100 };
  const again = await fixture.connect('c', { cleanStart: false, properties });
  const [first, second] = [again.takePublish(), again.takePublish()];
  assert.deepEqual([first.payload, first.dup, second.payload, second.dup], ['1', true, '3', true]);
  assert.deepEqual(again.waiting(), []);
  again.ack(PacketType.puback, first.packetId);
  assert.equal(again.takePublish().payload, '4');
});

test('what a session is owed counts with its properties', async () => {
  const fixture = new BrokerFixture({ limits: { sessionBytesMax: 10_000 } });
  const client = await fixture.connect('c', { properties: kept });
  await client.subscribed('t', { qos: 1 });
  client.cut();
  const publisher = await fixture.connect('p');
  const userProperties = Array.from({ length: 60 }, (): [string, string] => ['name', 'value']);
  for (let id = 1; id <= 3; id++) publisher.publish('t', 'x', { qos: 1, packetId: id, properties: { userProperties } });
  assert.equal(fixture.broker.counters.dropped.session_full, 2);
});

test('a kept session is delivered nothing that may not be read any more', async () => {
  let allowed = true;
  const fixture = new BrokerFixture({ access: openAccess({ maySubscribe: () => allowed }) });
  const client = await fixture.connect('c', { properties: kept });
  await client.subscribed('t', { qos: 1 });
  client.cut();
  allowed = false;
  const again = await fixture.connect('c', { cleanStart: false, properties: kept });
  (await fixture.connect('p')).publish('t', 'secret', { qos: 1 });
  assert.deepEqual(again.waiting(), []);
});
