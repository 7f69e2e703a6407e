import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConnackProperties, PacketType, type Will } from '../mqtt/codec/packets.ts';
import { wholePacketBytesMax } from './limits.ts';
import { BrokerFixture } from './testing/broker-fixture.ts';

async function announced(fixture: BrokerFixture): Promise<ConnackProperties | undefined> {
  const client = fixture.open(5);
  await client.connect({ clientId: 'asks' });
  return client.take(PacketType.connack).properties;
}

function will(changes: Partial<Will>): Will {
  return { topic: 't', payload: Buffer.from('gone'), qos: 0, retain: false, properties: undefined, ...changes };
}

test('Maximum QoS is announced, subscriptions get no more, and a PUBLISH above it ends the connection [MQTT-3.2.2-9]', async () => {
  const fixture = new BrokerFixture({ options: { qosMax: 1 } });
  assert.equal((await announced(fixture))?.maximumQoS, 1);
  const client = await fixture.connect('c');
  assert.equal(client.subscribe('t', { qos: 2 }), 1);
  client.publish('t', 'x', { qos: 1 });
  assert.equal(client.take(PacketType.publish).qos, 1);
  client.publish('t', 'x', { qos: 2 });
  client.take(PacketType.puback);
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x9b);
  assert.equal(client.ended, true);
});

test('a will above Maximum QoS is refused with 0x9B, on 3.1.1 without CONNACK [MQTT-3.2.2-12]', async () => {
  const fixture = new BrokerFixture({ options: { qosMax: 0 } });
  const v5 = fixture.open(5);
  await v5.connect({ will: will({ qos: 1 }) });
  assert.equal(v5.take(PacketType.connack).reasonCode, 0x9b);
  const v4 = fixture.open(4);
  await v4.connect({ will: will({ qos: 1 }) });
  assert.deepEqual(v4.waiting(), []);
  assert.equal(v4.ended, true);
});

test('a server that retains nothing says so, and ends who sends it something to retain [MQTT-3.2.2-14]', async () => {
  const fixture = new BrokerFixture({ limits: { retainedMessagesMax: 0 } });
  assert.equal((await announced(fixture))?.retainAvailable, 0);
  for (const payload of ['x', '']) {
    const client = await fixture.connect('c');
    client.publish('t', payload, { qos: 1, retain: true });
    assert.equal(client.take(PacketType.disconnect).reasonCode, 0x9a);
    assert.equal(client.ended, true);
  }
  const v4 = await fixture.connect('d', { version: 4 });
  v4.publish('t', 'x', { retain: true });
  assert.deepEqual(v4.waiting(), []);
  assert.equal(v4.ended, true);
});

test('nor does it take a will to be retained [MQTT-3.2.2-13]', async () => {
  const client = new BrokerFixture({ limits: { retainedMessagesMax: 0 } }).open(5);
  await client.connect({ will: will({ retain: true }) });
  assert.equal(client.take(PacketType.connack).reasonCode, 0x9a);
  assert.equal(client.ended, true);
});

test('what is there without a bound is not announced', async () => {
  const said = await announced(new BrokerFixture({ limits: { packetBytesMax: wholePacketBytesMax } }));
  assert.deepEqual(said, { topicAliasMaximum: 4, receiveMaximum: 10 });
  const bounded = await announced(new BrokerFixture({ limits: { packetBytesMax: wholePacketBytesMax - 1 } }));
  assert.equal(bounded?.maximumPacketSize, wholePacketBytesMax - 1);
});

test('a payload over the limit is not passed on: dropped at QoS 0, refused with 0x97, acknowledged on 3.1.1', async () => {
  const fixture = new BrokerFixture({ limits: { payloadBytesMax: 1 } });
  const subscriber = await fixture.connect('s');
  subscriber.subscribe('t', { qos: 2 });
  const v5 = await fixture.connect('c5');
  v5.publish('t', 'ab');
  v5.publish('t', 'ab', { qos: 1, packetId: 1 });
  assert.equal(v5.take(PacketType.puback).reasonCode, 0x97);
  v5.publish('t', 'ab', { qos: 2, packetId: 2 });
  assert.equal(v5.take(PacketType.pubrec).reasonCode, 0x97);
  const v4 = await fixture.connect('c4', { version: 4 });
  v4.publish('t', 'ab', { qos: 1 });
  v4.take(PacketType.puback);
  assert.equal(fixture.broker.counters.publishesRefused, 4);
  assert.deepEqual(subscriber.waiting(), []);
  v4.publish('t', 'a');
  assert.equal(subscriber.takePublish().payload, 'a');
});

test('a will over a limit is refused with 0x95, on 3.1.1 with return code 5', async () => {
  for (const limits of [{ payloadBytesMax: 3 }, { willBytesMax: 3 }]) {
    const fixture = new BrokerFixture({ limits });
    for (const [version, code] of [
      [5, 0x95],
      [4, 0x05],
    ] as const) {
      const client = fixture.open(version);
      await client.connect({ will: will({}) });
      assert.equal(client.take(PacketType.connack).reasonCode, code);
      assert.equal(client.ended, true);
    }
  }
});

test('a client without an id is refused where it needs one of its own', async () => {
  const fixture = new BrokerFixture({ options: { emptyClientIds: false } });
  for (const [version, code] of [
    [5, 0x80],
    [4, 0x02],
  ] as const) {
    const client = fixture.open(version);
    await client.connect({ clientId: '', cleanStart: true });
    assert.equal(client.take(PacketType.connack).reasonCode, code);
    assert.equal(client.ended, true);
  }
});

test('ids that the server gives begin as it was told', async () => {
  const client = new BrokerFixture({ options: { clientIdPrefix: 'plant-7-' } }).open(5);
  await client.connect({ clientId: '' });
  const id = client.take(PacketType.connack).properties?.assignedClientIdentifier;
  assert.match(id ?? '', /^plant-7-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});
