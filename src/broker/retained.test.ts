import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceiptWaiter } from '../message.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import { BrokerFixture, MemoryRetainedLog } from './testing/broker-fixture.ts';
import { answered, type MemoryClient, type ReceivedPublish } from './testing/memory-client.ts';

test('a retained message comes at the lower QoS of the two, with RETAIN set and the identifier of its subscription', async () => {
  const client = await new BrokerFixture().connect('c');
  client.publish('low', 'x', { retain: true });
  client.publish('high', 'x', { retain: true, qos: 2 });
  client.take(PacketType.pubrec);
  const got = [
    ['low', 1],
    ['high', 0],
    ['high', 1],
    ['high', 2],
  ] as const;
  for (const [topic, qos] of got) {
    client.subscribe(topic, { qos, retainAsPublished: false }, 7);
    const greeting = client.takePublish();
    assert.equal(greeting.qos, topic === 'low' ? 0 : qos);
    assert.equal(greeting.retain, true);
    assert.deepEqual(greeting.properties?.subscriptionIdentifiers, [7]);
  }
});

test('a message that comes while a greeting runs is neither overtaken by the one that it replaces nor sent twice', async () => {
  const fixture = new BrokerFixture({ limits: { retainedMessagesMax: 5_000 } });
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 2_500; i++) publisher.publish(`t/${i}`, 'old', { retain: true });
  const client = await fixture.connect('c');
  client.subscribe('t/#');
  publisher.publish('t/2400', 'new', { retain: true });
  const got = await allPublishes(client);
  assert.equal(got.length, 2_500);
  assert.deepEqual(
    got.filter(({ topic }) => topic === 't/2400').map(({ payload, retain }) => [payload, retain]),
    [['new', false]],
  );
});

test('a message from before a restart greets, also where the clock has gone back since', async () => {
  const retainedLog = new MemoryRetainedLog();
  const before = new BrokerFixture({ retainedLog });
  before.clock.advance(3_600_000);
  (await before.connect('p')).publish('a', 'from the future', { retain: true });
  const after = new BrokerFixture({ retainedLog });
  const client = await after.connect('c');
  client.publish('b', 'x', { retain: true });
  client.subscribe('+');
  assert.deepEqual([client.takePublish().payload, client.takePublish().payload], ['from the future', 'x']);
});

test('a topic that is cleared while a greeting runs is not greeted with', async () => {
  const fixture = new BrokerFixture({ limits: { retainedMessagesMax: 5_000 } });
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 1_500; i++) publisher.publish(`t/${i}`, 'old', { retain: true });
  const client = await fixture.connect('c');
  client.subscribe('t/#');
  publisher.publish('t/1400', '', { retain: true });
  const payloads = (await allPublishes(client)).filter(({ topic }) => topic === 't/1400').map((m) => m.payload);
  assert.deepEqual(payloads, ['']);
});

test('a greeting at QoS 1 waits on disk, not in the session: it goes on as the client acknowledges', async () => {
  const fixture = new BrokerFixture({ limits: { retainedMessagesMax: 1_000 } });
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 500; i++) publisher.publish(`t/${i}`, 'x', { retain: true, qos: 1, packetId: 1 });
  const client = await fixture.connect('c', { properties: { receiveMaximum: 10 } });
  client.subscribe('t/#', { qos: 1 });
  const topics = new Set<string>();
  for (let count = client.waiting().length; count > 0; count = client.waiting().length) {
    assert.ok(count <= 10);
    const { topic, packetId } = client.takePublish();
    topics.add(topic);
    client.ack(PacketType.puback, packetId);
    await answered();
  }
  assert.equal(topics.size, 500);
  assert.equal(fixture.broker.counters.dropped.session_full, 0);
});

test('a greeting that the end of a connection cut short goes on when the client is back', async () => {
  const fixture = new BrokerFixture({ limits: { retainedMessagesMax: 1_000 } });
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 100; i++) publisher.publish(`t/${i}`, 'x', { retain: true, qos: 1, packetId: 1 });
  const kept = { sessionExpiryInterval: 100, receiveMaximum: 10 };
  const client = await fixture.connect('c', { properties: kept });
  await client.subscribed('t/#', { qos: 1 });
  client.cut();
  const again = await fixture.connect('c', { cleanStart: false, properties: kept });
  const topics: string[] = [];
  for (let count = again.waiting().length; count > 0; count = again.waiting().length) {
    const { topic, packetId } = again.takePublish();
    topics.push(topic);
    again.ack(PacketType.puback, packetId);
    await answered();
  }
  assert.equal(topics.length, 100);
  assert.equal(new Set(topics).size, 100);
});

test('a greeting with wildcards begins when what was retained before it can be read, another at once', async () => {
  class HeldLog extends MemoryRetainedLog {
    readonly waiters: (() => void)[] = [];
    override wait(waiter: ReceiptWaiter, tag: number): void {
      this.waiters.push(() => waiter.receipt(tag, undefined));
    }
  }
  const retainedLog = new HeldLog();
  const client = await new BrokerFixture({ retainedLog }).connect('c');
  client.publish('t', 'x', { retain: true });
  client.subscribe('t');
  assert.equal(client.takePublish().payload, 'x');
  client.subscribe('+');
  assert.deepEqual(client.waiting(), []);
  for (const tell of retainedLog.waiters) tell();
  assert.equal(client.takePublish().payload, 'x');
});

test('an expired message greets nobody and is forgotten where it is met', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c');
  client.publish('short', 'x', { retain: true, properties: { messageExpiryInterval: 10 } });
  client.publish('long', 'x', { retain: true, properties: { messageExpiryInterval: 100 } });
  fixture.clock.advance(10_000);
  client.subscribe('+');
  const left = client.takePublish();
  assert.equal(left.topic, 'long');
  assert.equal(left.properties?.messageExpiryInterval, 90);
  assert.deepEqual(client.waiting(), []);
  assert.deepEqual([...fixture.retainedLog.rows.keys()], ['long']);
  assert.equal(fixture.broker.counters.dropped.retained_expired, 1);
});

test('an expired message that nobody meets is forgotten by and by, and none before its time', async () => {
  const fixture = new BrokerFixture({ limits: { retainedMessagesMax: 10_000 } });
  const client = await fixture.connect('c');
  for (let i = 0; i < 2_500; i++)
    client.publish(`t/${i}`, 'x', { retain: true, properties: { messageExpiryInterval: i === 0 ? 3_600 : 60 } });
  client.publish('stays', 'x', { retain: true });
  fixture.clock.advance(660_000);
  assert.deepEqual([...fixture.retainedLog.rows.keys()], ['t/0', 'stays']);
  fixture.clock.advance(3_600_000);
  assert.deepEqual([...fixture.retainedLog.rows.keys()], ['stays']);
});

test('where storage is behind nothing is retained, and the publisher is told', async () => {
  class FullLog extends MemoryRetainedLog {
    override hasRoom(): boolean {
      return false;
    }
  }
  const fixture = new BrokerFixture({ retainedLog: new FullLog() });
  const client = await fixture.connect('c');
  client.publish('t', 'x', { retain: true, qos: 1 });
  assert.equal(client.take(PacketType.puback).reasonCode, 0x97);
  assert.equal(fixture.broker.counters.dropped.retained_full, 1);
});

async function allPublishes(client: MemoryClient): Promise<ReceivedPublish[]> {
  const got: ReceivedPublish[] = [];
  for (let count = client.waiting().length; count > 0; count = client.waiting().length) {
    for (let i = 0; i < count; i++) got.push(client.takePublish());
    await answered();
  }
  return got;
}

test('a subscription that is made again with other options is still greeted with what was left', async () => {
  const fixture = new BrokerFixture({ limits: { retainedMessagesMax: 2_000 } });
  const publisher = await fixture.connect('p');
  for (let i = 0; i < 1_000; i++) publisher.publish(`t/${i}`, 'x', { retain: true });
  const client = await fixture.connect('c');
  client.sendSubscribe('t/#', { retainHandling: 1 });
  client.sendSubscribe('t/#', { retainHandling: 1 });
  client.take(PacketType.suback);
  const got = new Set<string>();
  for (let count = client.waiting().length; count > 0; count = client.waiting().length) {
    for (const packet of client.takeAll())
      if (packet.type === PacketType.publish && 'payload' in packet) got.add(`${packet.topic}`);
    await answered();
  }
  assert.equal(got.size, 1_000);
});
