import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../mqtt/codec/packets.ts';
import { BrokerFixture, MemoryRetainedLog, openAccess } from './testing/broker-fixture.ts';
import { answered } from './testing/memory-client.ts';
import { MemorySessionLog } from './testing/memory-session-log.ts';

test('overlapping subscriptions bring one copy with the highest QoS and every identifier', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c');
  client.subscribe('a/#', { qos: 0 }, 1);
  client.subscribe('a/b', { qos: 1 }, 2);
  client.publish('a/b', 'x', { qos: 1 });
  const publish = client.takePublish();
  assert.equal(publish.qos, 1);
  assert.deepEqual([...(publish.properties?.subscriptionIdentifiers ?? [])].sort(), [1, 2]);
  client.take(PacketType.puback);
  assert.deepEqual(client.waiting(), []);
});

test('a thousand overlapping subscriptions bring one copy with a thousand identifiers, and those without No Local to oneself', async () => {
  const fixture = new BrokerFixture({ limits: { subscriptionsPerClientMax: 1_000 } });
  const [client, other] = [await fixture.connect('c'), await fixture.connect('o')];
  const filters = Array.from({ length: 1_000 }, (_, i) =>
    Array.from({ length: 10 }, (_, at) => ((i >> at) & 1 ? '+' : 'a')).join('/'),
  );
  for (const [i, filter] of filters.entries()) client.subscribe(filter, { noLocal: i % 2 === 0 }, i + 1);
  const received = async (by: typeof client): Promise<readonly number[]> => {
    by.publish('a/a/a/a/a/a/a/a/a/a', 'x');
    const identifiers = client.takePublish().properties?.subscriptionIdentifiers ?? [];
    assert.deepEqual(client.waiting(), []);
    return [...identifiers].sort((a, b) => a - b);
  };
  const all = filters.map((_, i) => i + 1);
  assert.deepEqual(await received(other), all);
  assert.deepEqual(
    await received(client),
    all.filter((identifier) => identifier % 2 === 0),
  );
});

test('no local and retain as published do what they say', async () => {
  const fixture = new BrokerFixture();
  const a = await fixture.connect('a');
  const b = await fixture.connect('b');
  a.subscribe('t', { noLocal: true });
  b.subscribe('t', { retainAsPublished: true });
  a.publish('t', 'x', { retain: true });
  assert.deepEqual(a.waiting(), []);
  assert.equal(b.takePublish().retain, true);
});

test('after UNSUBSCRIBE nothing more comes, and an unknown filter is said to be unknown', async () => {
  const client = await new BrokerFixture().connect('c');
  client.subscribe('t');
  client.send({ type: PacketType.unsubscribe, packetId: 5, filters: ['t', 'u'], properties: undefined });
  assert.deepEqual(client.take(PacketType.unsuback).reasonCodes, [0, 0x11]);
  client.publish('t', 'x');
  assert.deepEqual(client.waiting(), []);
});

test('what is no filter ends the connection, in SUBSCRIBE and in UNSUBSCRIBE [MQTT-4.7.1-1]', async () => {
  for (const [filter, reasonCode] of [
    ['a#', 0x81],
    ['#/a', 0x81],
    ['a+/b', 0x81],
    ['$share/#/a', 0x81],
  ] as const) {
    const subscriber = await new BrokerFixture().connect('c');
    subscriber.sendSubscribe(filter);
    assert.equal(subscriber.take(PacketType.disconnect).reasonCode, reasonCode, filter);
    const unsubscriber = await new BrokerFixture().connect('c');
    unsubscriber.send({ type: PacketType.unsubscribe, packetId: 5, filters: [filter], properties: undefined });
    assert.equal(unsubscriber.take(PacketType.disconnect).reasonCode, reasonCode, filter);
  }
});

test('what begins as a shared filter and is none ends the connection in SUBSCRIBE, and is just not known to UNSUBSCRIBE', async () => {
  const filters = ['$share/+/a', '$share/g', '$share/g/', '$share//a', '$share/', '$share/g/a', '$share/g/#'];
  for (const filter of filters.slice(0, 5)) {
    const subscriber = await new BrokerFixture().connect('c');
    subscriber.sendSubscribe(filter);
    assert.equal(subscriber.take(PacketType.disconnect).reasonCode, 0x82, filter);
  }
  const unsubscriber = await new BrokerFixture().connect('c');
  unsubscriber.send({ type: PacketType.unsubscribe, packetId: 5, filters, properties: undefined });
  assert.deepEqual(
    unsubscriber.take(PacketType.unsuback).reasonCodes,
    filters.map(() => 0x11),
  );
});

test('a filter is refused with its reason: not valid, not allowed, too many', async () => {
  const access = openAccess({ maySubscribe: (_identity, _client, filter) => filter !== 'secret' });
  const fixture = new BrokerFixture({ access, limits: { subscriptionsPerClientMax: 1 } });
  const v5 = await fixture.connect('c');
  assert.equal(v5.subscribe('/'.repeat(150)), 0x8f);
  assert.equal(v5.subscribe('secret'), 0x87);
  assert.equal(v5.subscribe('a'), 0);
  assert.equal(v5.subscribe('b'), 0x97);
  const v4 = await fixture.connect('d', { version: 4 });
  assert.equal(v4.subscribe('secret'), 0x80);
});

test('a retained message greets new subscriptions as their retain handling says', async () => {
  const fixture = new BrokerFixture();
  const publisher = await fixture.connect('p');
  publisher.publish('a/b', 'kept', { retain: true });
  publisher.publish('a/b', 'newer', { retain: true });
  const client = await fixture.connect('c');
  client.subscribe('a/+', { retainHandling: 1 });
  const greeting = client.takePublish();
  assert.equal(greeting.retain, true);
  assert.equal(greeting.payload, 'newer');
  client.subscribe('a/+', { retainHandling: 1 });
  assert.deepEqual(client.waiting(), []);
  client.subscribe('a/+', { retainHandling: 0 });
  client.takePublish();
  client.subscribe('a/+', { retainHandling: 2 });
  assert.deepEqual(client.waiting(), []);
});

test('an empty retained message forgets the topic and is still handed on [MQTT-3.3.1-6]', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c');
  client.publish('t', 'kept', { retain: true });
  client.subscribe('t');
  client.takePublish();
  client.publish('t', '', { retain: true });
  const handedOn = client.takePublish();
  assert.equal(handedOn.payload, '');
  assert.equal(handedOn.retain, false);
  assert.equal(fixture.broker.levels().retained, 0);
  assert.equal(fixture.retainedLog.rows.size, 0);
});

test('no more topics are retained than allowed, and the publisher is told', async () => {
  const fixture = new BrokerFixture({ limits: { retainedMessagesMax: 1 } });
  const client = await fixture.connect('c');
  client.publish('a', 'x', { retain: true, qos: 1 });
  assert.equal(client.take(PacketType.puback).reasonCode, 0x10);
  client.publish('b', 'x', { retain: true, qos: 1 });
  assert.equal(client.take(PacketType.puback).reasonCode, 0x97);
  client.publish('a', 'y', { retain: true, qos: 1 });
  assert.equal(client.take(PacketType.puback).reasonCode, 0x10);
});

test('retained messages are there again after a restart', async () => {
  const retainedLog = new MemoryRetainedLog();
  const before = await new BrokerFixture({ retainedLog }).connect('c');
  before.publish('t', 'kept', { retain: true, qos: 1 });
  before.take(PacketType.puback);
  const after = await new BrokerFixture({ retainedLog }).connect('c');
  after.subscribe('t');
  assert.equal(after.takePublish().payload, 'kept');
});

test('a refusal says why on MQTT 5', async () => {
  const access = openAccess({ maySubscribe: () => false });
  const client = await new BrokerFixture({ access }).connect('c', { properties: { requestProblemInformation: 1 } });
  client.sendSubscribe('secret');
  const { reasonCodes, properties } = client.take(PacketType.suback);
  assert.deepEqual(reasonCodes, [0x87]);
  assert.match(properties?.reasonString ?? '', /Not allowed to subscribe to "secret"/);
});

test('a SUBSCRIBE with more filters than a client may have ends the connection', async () => {
  const client = await new BrokerFixture().connect('c');
  const one = { filter: '#', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  client.send({ type: PacketType.subscribe, packetId: 1, subscriptions: Array(21).fill(one), properties: undefined });
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x97);
});

test('many retained messages come a slice a turn', async () => {
  const fixture = new BrokerFixture({ limits: { retainedMessagesMax: 5_000 } });
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 2_500; i++) publisher.publish(`t/${i}`, 'x', { retain: true });
  const client = await fixture.connect('c');
  const one = { filter: 't/#', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  client.send({ type: PacketType.subscribe, packetId: 1, subscriptions: [one], properties: undefined });
  client.take(PacketType.suback);
  const topics = new Set<string>();
  while (topics.size < 2_500) {
    const { length } = client.waiting();
    assert.ok(length <= 250);
    for (let i = 0; i < length; i++) topics.add(client.takePublish().topic);
    await answered();
  }
  assert.deepEqual(client.waiting(), []);
});

test('SUBACK and UNSUBACK of a kept session wait until the change is on disk', async () => {
  const sessionLog = new MemorySessionLog();
  const flushes: (() => void)[] = [];
  sessionLog.flushed = () => new Promise<void>((resolve) => flushes.push(resolve as () => void));
  const client = await new BrokerFixture({ sessionLog }).connect('c', { properties: { sessionExpiryInterval: 100 } });
  client.sendSubscribe('t');
  client.send({ type: PacketType.unsubscribe, packetId: 5, filters: ['t'], properties: undefined });
  await answered();
  assert.deepEqual(client.waiting(), []);
  for (const flush of flushes) flush();
  await answered();
  assert.deepEqual(client.waiting(), [PacketType.suback, PacketType.unsuback]);
});

test('a client that wants its own messages through one filter only gets them at that QoS and with that identifier', async () => {
  const fixture = new BrokerFixture();
  const a = await fixture.connect('a');
  const b = await fixture.connect('b');
  a.subscribe('t/#', { qos: 1, noLocal: true }, 1);
  a.subscribe('t/x', { qos: 0 }, 2);
  a.publish('t/x', 'own', { qos: 1 });
  const own = a.takePublish();
  assert.deepEqual([own.qos, own.properties?.subscriptionIdentifiers], [0, [2]]);
  a.take(PacketType.puback);
  b.publish('t/x', 'of others', { qos: 1 });
  const other = a.takePublish();
  assert.deepEqual([other.qos, [...(other.properties?.subscriptionIdentifiers ?? [])].sort()], [1, [1, 2]]);
  assert.deepEqual(a.waiting(), []);
});

test('a client is not read while its SUBSCRIBE or UNSUBSCRIBE waits for storage', async () => {
  const sessionLog = new MemorySessionLog();
  let flush = (): void => undefined;
  sessionLog.flushed = () => new Promise((resolve) => (flush = resolve));
  const fixture = new BrokerFixture({ sessionLog });
  const client = await fixture.connect('c', { properties: { sessionExpiryInterval: 60 } });
  client.sendSubscribe('a');
  assert.equal(client.paused, true);
  flush();
  await answered();
  assert.equal(client.paused, false);
  client.take(PacketType.suback);
  client.send({ type: PacketType.unsubscribe, packetId: 5, filters: ['a'], properties: undefined });
  assert.equal(client.paused, true);
  flush();
  await answered();
  assert.equal(client.paused, false);
  client.take(PacketType.unsuback);
});

test('a filter of the server that nothing is published on is refused in the SUBACK, and one that it speaks on is not', async () => {
  for (const version of [4, 5] as const) {
    const client = await new BrokerFixture().connect('c', { version });
    const filters = ['$stream/jobs/g', '$queue', '$share/g/$stream/jobs/g', '$SYS/#', '$events/queue/#'];
    const answers = filters.map((filter) => [filter, client.subscribe(filter)]);
    const refused = version === 5 ? 0x8f : 0x80;
    assert.deepEqual(answers, [
      ['$stream/jobs/g', refused],
      ['$queue', refused],
      ['$share/g/$stream/jobs/g', refused],
      ['$SYS/#', 0],
      ['$events/queue/#', 0],
    ]);
  }
});
