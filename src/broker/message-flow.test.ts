// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a placeholder of ours
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../mqtt/codec/packets.ts';
import { BrokerFixture } from './testing/broker-fixture.ts';
import type { MemoryClient } from './testing/memory-client.ts';

/** What comes to a client for each publish of a topic: name and alias. */
function sendEach(publisher: MemoryClient, client: MemoryClient, topics: readonly string[], qos: 0 | 1 = 0): unknown[] {
  return topics.map((topic, i) => {
    publisher.publish(topic, 'x', { qos, packetId: i + 1 });
    const received = client.takePublish();
    if (received.qos > 0) client.ack(PacketType.puback, received.packetId);
    return [received.topic, received.properties?.topicAlias];
  });
}

for (const qos of [0, 1] as const) {
  test(`QoS ${qos}: a topic goes under an alias, no higher than the client's maximum [MQTT-3.1.2-26]`, async () => {
    const fixture = new BrokerFixture();
    const client = await fixture.connect('c', { properties: { topicAliasMaximum: 1 } });
    client.subscribe('#', { qos });
    const publisher = await fixture.connect('p');
    assert.deepEqual(sendEach(publisher, client, ['long/a', 'long/a', 'long/a', 'long/b', 'long/b', 'long/a'], qos), [
      ['long/a', 1],
      ['', 1],
      ['', 1],
      ['long/b', undefined],
      ['long/b', undefined],
      ['', 1],
    ]);
  });
}

test('a client that takes no aliases is sent none [MQTT-3.1.2-27], and a short topic is no longer than its alias', async () => {
  const fixture = new BrokerFixture();
  const none = await fixture.connect('none');
  none.subscribe('long/#');
  const some = await fixture.connect('some', { properties: { topicAliasMaximum: 10 } });
  some.subscribe('a/b');
  const publisher = await fixture.connect('p');
  assert.deepEqual(sendEach(publisher, none, Array(3).fill('long/a')), Array(3).fill(['long/a', undefined]));
  assert.deepEqual(sendEach(publisher, some, Array(3).fill('a/b')), Array(3).fill(['a/b', undefined]));
});

test('a new connection begins without aliases: what is sent again names its topic', async () => {
  const fixture = new BrokerFixture();
  const properties = { topicAliasMaximum: 10, sessionExpiryInterval: 100 };
  const client = await fixture.connect('c', { properties });
  await client.subscribed('long/#', { qos: 1 });
  const publisher = await fixture.connect('p');
  sendEach(publisher, client, ['long/a', 'long/a'], 1);
  publisher.publish('long/a', 'unacknowledged', { qos: 1, packetId: 9 });
  assert.equal(client.takePublish().topic, '');
  client.cut();
  const again = await fixture.connect('c', { cleanStart: false, properties });
  const repeated = again.takePublish();
  assert.deepEqual([repeated.topic, repeated.dup, repeated.properties], ['long/a', true, { topicAlias: 1 }]);
});

test('an alias goes with the other properties of the message', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c', { properties: { topicAliasMaximum: 10 } });
  client.subscribe('long/#', {}, 7);
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 2; i++) {
    publisher.publish('long/a', 'x', { properties: { contentType: 'text/plain' } });
    client.takePublish();
  }
  publisher.publish('long/a', 'x', { properties: { contentType: 'text/plain' } });
  const expected = { contentType: 'text/plain', subscriptionIdentifiers: [7], topicAlias: 1 };
  assert.deepEqual({ ...client.takePublish().properties }, expected);
});

test('an alias that is long unused is given to another topic', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c', { properties: { topicAliasMaximum: 1 } });
  client.subscribe('#');
  const publisher = await fixture.connect('p');
  sendEach(publisher, client, ['long/a', 'long/a']);
  sendEach(publisher, client, Array(1_000).fill('x'));
  assert.deepEqual(sendEach(publisher, client, ['long/b', 'long/b', 'long/b', 'long/a', 'long/a']), [
    ['long/b', undefined],
    ['long/b', 1],
    ['', 1],
    ['long/a', undefined],
    ['long/a', undefined],
  ]);
});

test('aliases do not let a packet grow beyond what the client takes [MQTT-3.1.2-24]', async () => {
  const fixture = new BrokerFixture();
  const publisher = await fixture.connect('p');
  for (let bytes = 20; bytes < 40; bytes++) {
    const properties = { topicAliasMaximum: 1, maximumPacketSize: 40 };
    const client = await fixture.connect(`c${bytes}`, { properties });
    client.subscribe(`long/${bytes}`);
    for (let i = 0; i < 3; i++) publisher.publish(`long/${bytes}`, 'x'.repeat(bytes));
    for (const _ of client.waiting()) {
      const { topic, payload, properties: met } = client.takePublish();
      const size = 2 + 2 + topic.length + 1 + (met?.topicAlias === undefined ? 0 : 3) + payload.length;
      assert.ok(size <= 40, `${size} bytes`);
    }
  }
});

test('a payload that is said to be UTF-8 and is not is refused with 0x99, and counted at QoS 0', async () => {
  const fixture = new BrokerFixture();
  const publisher = await fixture.connect('p');
  const client = await fixture.connect('c');
  client.subscribe('#');
  const broken = { properties: { payloadFormatIndicator: 1 } } as const;
  publisher.publish('t', Buffer.from([0xc3]), { ...broken });
  publisher.publish('t', Buffer.from([0xc3]), { ...broken, qos: 1, packetId: 1 });
  assert.equal(publisher.take(PacketType.puback).reasonCode, 0x99);
  publisher.publish('t', Buffer.from([0xc3]), { ...broken, qos: 2, packetId: 2 });
  assert.equal(publisher.take(PacketType.pubrec).reasonCode, 0x99);
  assert.equal(fixture.broker.counters.publishesRefused, 3);
  assert.deepEqual(client.waiting(), []);
  publisher.publish('t', 'é', { properties: { payloadFormatIndicator: 1 } });
  assert.equal(client.takePublish().properties?.payloadFormatIndicator, 1);
});

test('a payload of any bytes passes without the indicator, and with it where the check is off', async () => {
  const fixture = new BrokerFixture({ options: { payloadFormatCheck: false } });
  const client = await fixture.connect('c');
  client.subscribe('#');
  client.publish('t', Buffer.from([0xc3]), { properties: { payloadFormatIndicator: 1 } });
  client.takePublish();
  const checked = await new BrokerFixture().connect('c');
  checked.subscribe('#');
  checked.publish('t', Buffer.from([0xc3]), {});
  checked.takePublish();
});

test('a will whose payload is not the UTF-8 that it is said to be is refused', async () => {
  const client = new BrokerFixture().open();
  const will = { topic: 't', payload: Buffer.from([0xff]), qos: 0, retain: false } as const;
  await client.connect({ will: { ...will, properties: { payloadFormatIndicator: 1 } } });
  assert.equal(client.take(PacketType.connack).reasonCode, 0x99);
});

test('Response Information comes to a client that asks, where the server has some [MQTT-3.1.2-28]', async () => {
  const told = async (asked: 0 | 1 | undefined, responseTopicPrefix: string | undefined, clientId = 'c1') => {
    const client = new BrokerFixture({ options: { responseTopicPrefix } }).open();
    await client.connect({ clientId, properties: asked === undefined ? {} : { requestResponseInformation: asked } });
    return client.take(PacketType.connack).properties?.responseInformation;
  };
  assert.equal(await told(1, 'responses/${clientId}'), 'responses/c1');
  assert.equal(await told(0, 'responses/${clientId}'), undefined);
  assert.equal(await told(undefined, 'responses/${clientId}'), undefined);
  assert.equal(await told(1, undefined), undefined);
  assert.equal(await told(1, 'responses/${clientId}', 'all/#'), undefined);
});
