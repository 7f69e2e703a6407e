import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import type { ConsumerSource } from '../message.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import type { SharedDispatch } from './shared-dispatch.ts';
import { BrokerFixture, openAccess } from './testing/broker-fixture.ts';
import type { MemoryClient } from './testing/memory-client.ts';
import { members, one, publishAcknowledged, taken } from './testing/shared-members.ts';

test('each message goes to one member of a group, and to every group that matches', async () => {
  const fixture = new BrokerFixture();
  const [a, b] = await members(fixture, 'a', 'b');
  const other = await fixture.connect('other');
  other.subscribe('$share/h/t/#');
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 6; i++) publisher.publish('t/x', `${i}`);
  assert.deepEqual([taken(a).length, taken(b).length, taken(other).length], [3, 3, 6]);
});

test('the same share name with another filter is another group [MQTT-4.8.2-2]', async () => {
  const fixture = new BrokerFixture();
  const a = await fixture.connect('a');
  const b = await fixture.connect('b');
  a.subscribe('$share/g/t/+');
  b.subscribe('$share/g/t/#');
  a.publish('t/x', 'both');
  assert.deepEqual([taken(a), taken(b)], [['both'], ['both']]);
});

test('a client with a shared and an ordinary subscription that match gets both', async () => {
  const client = await new BrokerFixture().connect('c');
  client.subscribe('$share/g/t/#', {}, 1);
  client.subscribe('t/#', {}, 2);
  client.publish('t/x', 'x');
  const identifiers = [client.takePublish(), client.takePublish()].map((p) => p.properties?.subscriptionIdentifiers);
  assert.deepEqual(identifiers.sort(), [[1], [2]]);
  assert.deepEqual(client.waiting(), []);
});

test('QoS, identifier and retain flag are those of the member that gets the message', async () => {
  const fixture = new BrokerFixture();
  const a = await fixture.connect('a');
  const b = await fixture.connect('b');
  a.subscribe('$share/g/t', { qos: 0, retainAsPublished: true }, 7);
  b.subscribe('$share/g/t', { qos: 1 }, 8);
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 2; i++) publisher.publish('t', 'x', { qos: 2, retain: true, packetId: i + 1 });
  const [toA, toB] = [a.takePublish(), b.takePublish()];
  assert.deepEqual([toA.qos, toA.retain, toA.properties?.subscriptionIdentifiers], [0, true, [7]]);
  assert.deepEqual([toB.qos, toB.retain, toB.properties?.subscriptionIdentifiers], [1, false, [8]]);
});

test('subscribing again changes the options and sends no message elsewhere', async () => {
  const fixture = new BrokerFixture();
  const [a] = await members(fixture, 'a');
  a.subscribe('$share/g/t/#', { qos: 0 });
  a.publish('t/x', 'x', { qos: 1 });
  assert.equal(a.takePublish().qos, 0);
  assert.equal(fixture.broker.levels().sharedSubscriptions, 1);
});

test('retained messages do not greet a shared subscription (section 4.8.2)', async () => {
  const fixture = new BrokerFixture();
  const publisher = await fixture.connect('p');
  publisher.publish('t/x', 'kept', { retain: true });
  const client = await fixture.connect('c');
  client.subscribe('$share/g/t/#');
  assert.deepEqual(client.waiting(), []);
});

test('No Local in a shared subscription ends the connection [MQTT-3.8.3-4]', async () => {
  const client = await new BrokerFixture().connect('c');
  client.sendSubscribe('$share/g/t', { noLocal: true });
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x82);
});

test('a share name has at least one character and none of / + # [MQTT-4.8.2-1], and a filter behind it [MQTT-4.8.2-2]', async () => {
  for (const filter of ['$share/', '$share/g', '$share/g/', '$share//t', '$share/+/t', '$share/g#/t', '$share/g/t#']) {
    const client = await new BrokerFixture().connect('c');
    client.sendSubscribe(filter);
    assert.equal(client.take(PacketType.disconnect).type, PacketType.disconnect, filter);
  }
  const client = await new BrokerFixture().connect('c');
  assert.equal(client.subscribe('$share/g//'), 0);
});

test('a queue is not shared once more, and neither is a shared filter: the answer says why', async () => {
  const sources: ConsumerSource[] = [
    {
      claims: (filter) => filter.startsWith('$queue/'),
      resolve: () => Promise.reject(new SluiceError('not_found', 'no queue')),
      consume: () => Promise.reject(new SluiceError('not_found', 'no queue')),
      onFeedingChanged: () => undefined,
    },
  ];
  const client = await new BrokerFixture({ sources }).connect('c', { properties: { requestProblemInformation: 1 } });
  for (const [filter, reason] of [
    ['$share/g/$queue/work', /subscribe to "\$queue\/work"/],
    ['$share/g/$share/h/t', /is shared already/],
  ] as const) {
    client.sendSubscribe(filter);
    const { reasonCodes, properties } = client.take(PacketType.suback);
    assert.deepEqual(reasonCodes, [0x8f]);
    assert.match(properties?.reasonString ?? '', reason);
  }
});

test('the right to the filter behind the share name is what counts', async () => {
  const access = openAccess({ maySubscribe: (_identity, _client, filter) => filter === 'open' });
  const client = await new BrokerFixture({ access }).connect('c');
  assert.equal(client.subscribe('$share/g/open'), 0);
  assert.equal(client.subscribe('$share/g/secret'), 0x87);
});

test('a device shares its own topics as `me`', async () => {
  const identity = { kind: 'device', name: 'd1', deviceType: 'x' } as const;
  const access = openAccess({ authenticate: () => Promise.resolve(identity) });
  const client = await new BrokerFixture({ access }).connect('d1');
  client.subscribe('$share/g/devices/me/down');
  client.publish('devices/d1/down', 'x');
  assert.equal(client.takePublish().topic, 'devices/d1/down');
  client.send({
    type: PacketType.unsubscribe,
    packetId: 1,
    filters: ['$share/g/devices/me/down'],
    properties: undefined,
  });
  assert.deepEqual(client.take(PacketType.unsuback).reasonCodes, [0]);
});

test('UNSUBSCRIBE takes the whole filter: another group or the plain filter is not it', async () => {
  const fixture = new BrokerFixture();
  const [a] = await members(fixture, 'a');
  const filters = ['t/#', '$share/h/t/#', '$share/g/t/#', '$share/g/t/#'];
  a.send({ type: PacketType.unsubscribe, packetId: 1, filters, properties: undefined });
  assert.deepEqual(a.take(PacketType.unsuback).reasonCodes, [0x11, 0x11, 0, 0x11]);
  const { sharedGroups, sharedSubscriptions, subscriptions } = fixture.broker.levels();
  assert.deepEqual([sharedGroups, sharedSubscriptions, subscriptions], [0, 0, 0]);
  a.publish('t/x', 'x');
  assert.deepEqual(a.waiting(), []);
});

test('MQTT 3.1.1 clients share too, also with MQTT 5 clients', async () => {
  const fixture = new BrokerFixture();
  const [a] = await members(fixture, 'a');
  const b = await fixture.connect('b', { version: 4 });
  assert.equal(b.subscribe('$share/g/t/#', { qos: 1 }), 1);
  for (let i = 0; i < 4; i++) a.publish('t/x', `${i}`);
  assert.deepEqual([taken(a).length, taken(b).length], [2, 2]);
});

test('a topic that is in use finds members that come and go later', async () => {
  const fixture = new BrokerFixture();
  const [a] = await members(fixture, 'a');
  const publisher = await fixture.connect('p');
  publisher.publish('t/x', '1');
  const [b] = await members(fixture, 'b');
  for (const payload of ['2', '3']) publisher.publish('t/x', payload);
  a.cut();
  publisher.publish('t/x', '4');
  assert.deepEqual(
    [taken(a), taken(b)],
    [
      ['1', '3'],
      ['2', '4'],
    ],
  );
});

test('least_inflight: the member with fewer unacknowledged messages is next', async () => {
  const fixture = new BrokerFixture();
  const [a, b] = await members(fixture, 'a', 'b');
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 2; i++) publishAcknowledged(publisher, 't/x', `${i}`);
  b.ack(PacketType.puback, b.takePublish().packetId);
  for (let i = 2; i < 4; i++) publishAcknowledged(publisher, 't/x', `${i}`);
  assert.deepEqual([taken(a), taken(b)], [['0', '3'], ['2']]);
});

test('least_inflight: at QoS 0 the member with less unsent output is next', async () => {
  const fixture = new BrokerFixture();
  const [a, b] = await members(fixture, 'a', 'b');
  a.stuckBytes = 10;
  for (let i = 0; i < 3; i++) b.publish('t/x', `${i}`);
  assert.deepEqual([taken(a), taken(b)], [[], ['0', '1', '2']]);
});

test('round_robin: members take turns, whatever they hold', async () => {
  const fixture = new BrokerFixture({ options: { sharedDispatch: 'round_robin' } });
  const [a, b, c] = await members(fixture, 'a', 'b', 'c');
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 6; i++) {
    publishAcknowledged(publisher, 't/x', `${i}`);
    if (i === 1) b.ack(PacketType.puback, 1);
  }
  assert.deepEqual(
    [a, b, c].map((client) => taken(client)),
    [
      ['0', '3'],
      ['1', '4'],
      ['2', '5'],
    ],
  );
});

test('random: the member that the dice say', async () => {
  const dice = [0.7, 0.1, 0.99, 0];
  const fixture = new BrokerFixture({ options: { sharedDispatch: 'random' }, random: () => dice.shift() ?? 0 });
  const [a, b] = await members(fixture, 'a', 'b');
  for (let i = 0; i < 4; i++) a.publish('t/x', `${i}`);
  assert.deepEqual(
    [taken(a), taken(b)],
    [
      ['1', '3'],
      ['0', '2'],
    ],
  );
});

test('sticky: messages with one key, or one topic, go to one member; one that goes leaves the others their keys', async () => {
  const fixture = new BrokerFixture({ options: { sharedDispatch: 'sticky' } });
  const clients = await members(fixture, 'a', 'b', 'c', 'd');
  const publisher = await fixture.connect('p');
  const placeOf = new Map<string, number>();
  let topics = 0;
  const send = (key: string): number => {
    publisher.publish(`t/${topics++}`, key, { properties: { userProperties: [['sluice-key', key]] } });
    return clients.findIndex((client) => !client.ended && taken(client).length > 0);
  };
  for (let key = 0; key < 100; key++) placeOf.set(`${key}`, send(`${key}`));
  assert.equal(new Set(placeOf.values()).size, 4);
  for (const [key, place] of placeOf) assert.equal(send(key), place, key);
  clients[2].cut();
  for (const [key, place] of placeOf) if (place !== 2) assert.equal(send(key), place, key);
  publisher.publish('t/x', '1');
  publisher.publish('t/x', '2');
  assert.ok(clients.some((client) => taken(client).length === 2));
});

for (const sharedDispatch of ['least_inflight', 'round_robin', 'random'] satisfies SharedDispatch[]) {
  test(`${sharedDispatch}: a full window or a congested socket is passed over while another member has room`, async () => {
    const fixture = new BrokerFixture({ options: { sharedDispatch }, random: () => 0 });
    const full = await fixture.connect('full', { properties: one });
    full.subscribe('$share/g/t/#', { qos: 1 });
    const [congested, free] = await members(fixture, 'congested', 'free');
    const publisher = await fixture.connect('p');
    congested.stuckBytes = 2 * 1024 * 1024;
    for (let i = 0; i < 6; i++) publishAcknowledged(publisher, 't/x', `${i}`);
    assert.deepEqual([taken(full).length, taken(congested).length, taken(free).length], [1, 0, 5]);
    assert.equal(publisher.paused, false);
  });
}

test('where nobody has room the least loaded member keeps the message', async () => {
  const fixture = new BrokerFixture();
  const clients: MemoryClient[] = [];
  for (const clientId of ['a', 'b']) {
    const client = await fixture.connect(clientId, { properties: one });
    client.subscribe('$share/g/t/#', { qos: 1 });
    clients.push(client);
  }
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 6; i++) publishAcknowledged(publisher, 't/x', `${i}`);
  for (const client of clients) {
    for (let i = 0; i < 3; i++) client.ack(PacketType.puback, client.takePublish().packetId);
    assert.deepEqual(client.waiting(), []);
  }
});

test('CONNACK does not say that shared subscriptions are missing', async () => {
  const client = new BrokerFixture().open();
  await client.connect({ clientId: 'c' });
  assert.equal(client.take(PacketType.connack).properties?.sharedSubscriptionAvailable, undefined);
});
