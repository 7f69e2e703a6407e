import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../../mqtt/codec/packets.ts';
import { BrokerFixture } from '../testing/broker-fixture.ts';
import { answered, type MemoryClient } from '../testing/memory-client.ts';
import type { SystemValue } from './system-topics.ts';

test('a new subscriber gets the present values at once, with RETAIN set', async () => {
  const { fixture } = withSystem();
  const client = await fixture.connect('c');
  client.subscribe('$SYS/broker/version');
  await answered();
  const version = client.takePublish();
  assert.deepEqual([version.payload, version.retain, version.qos], ['sluice version 1.2.3', true, 0]);
  client.subscribe('$SYS/broker/clients/+');
  await answered();
  const clients = taken(client);
  assert.equal(clients.get('$SYS/broker/clients/connected'), '1');
  assert.equal(clients.get('$SYS/broker/clients/disconnected'), '0');
});

test('what has changed is published once an interval, and only that', async () => {
  const { fixture } = withSystem();
  const client = await fixture.connect('c');
  client.subscribe('$SYS/broker/clients/connected');
  client.subscribe('$SYS/broker/uptime');
  await pass(fixture, 10_000);
  taken(client);
  await fixture.connect('d');
  await pass(fixture, 10_000);
  const update = client.takePublish();
  assert.deepEqual([update.topic, update.payload, update.retain], ['$SYS/broker/uptime', '20 seconds', false]);
  assert.equal(client.takePublish().payload, '2');
  await pass(fixture, 10_000);
  assert.equal(client.takePublish().payload, '30 seconds');
  assert.deepEqual(client.waiting(), []);
});

test('a subscription of "#" or "+/broker/uptime" gets none of them [MQTT-4.7.2-1]', async () => {
  const { fixture } = withSystem();
  const client = await fixture.connect('c');
  client.subscribe('#');
  client.subscribe('+/broker/uptime');
  await pass(fixture, 20_000);
  assert.deepEqual(client.waiting(), []);
});

test('nobody is asked for values while nobody listens, and none is on disk', async () => {
  const { fixture, asked } = withSystem();
  const client = await fixture.connect('c');
  await pass(fixture, 60_000);
  assert.equal(asked(), 0);
  client.subscribe('$SYS/queues/#');
  await pass(fixture, 20_000);
  assert.deepEqual([...taken(client).keys()], ['$SYS/queues/orders/ready']);
  client.send({ type: PacketType.unsubscribe, packetId: 1, filters: ['$SYS/queues/#'], properties: undefined });
  const before = asked();
  await pass(fixture, 20_000);
  assert.equal(asked(), before);
  assert.equal(fixture.retainedLog.size, 0);
});

test('messages and bytes are counted both ways, with what was dropped', async () => {
  const { fixture } = withSystem();
  const client = await fixture.connect('c');
  client.subscribe('t');
  client.publish('t', '12345');
  client.publish('t', '12345', { qos: 1 });
  client.stuckBytes = 1024 ** 3;
  client.publish('t', '12345');
  client.stuckBytes = 0;
  client.send({ type: PacketType.pingreq });
  taken(client);
  client.subscribe('$SYS/broker/#');
  await answered();
  const values = taken(client);
  const value = (name: string): string | undefined => values.get(`$SYS/broker/${name}`);
  // CONNECT, two SUBSCRIBE, three PUBLISH, PINGREQ; CONNACK, two SUBACK, PUBACK, PINGRESP, two PUBLISH.
  assert.deepEqual([value('messages/received'), value('messages/sent')], ['7', '7']);
  assert.deepEqual([value('publish/messages/received'), value('publish/messages/sent')], ['3', '2']);
  assert.equal(value('publish/messages/dropped'), '1');
  assert.deepEqual([value('publish/bytes/received'), value('publish/bytes/sent')], ['15', '10']);
  assert.equal(value('bytes/received'), String(fixture.broker.counters.bytesIn));
  assert.equal(value('subscriptions/count'), '2');
});

test('stored and retained messages, and clients that are away, went for good, or were more once', async () => {
  const { fixture } = withSystem();
  const away = await fixture.connect('away', { properties: { sessionExpiryInterval: 100 } });
  await away.subscribed('t', { qos: 1 });
  const gone = await fixture.connect('gone', { properties: { sessionExpiryInterval: 5 } });
  gone.cut();
  away.cut();
  fixture.clock.advance(6_000);
  const client = await fixture.connect('c');
  client.publish('t', 'x', { qos: 1, retain: true });
  client.take(PacketType.puback);
  client.subscribe('$SYS/broker/#');
  await answered();
  const values = taken(client);
  assert.equal(values.get('$SYS/broker/retained messages/count'), '1');
  assert.equal(values.get('$SYS/broker/store/messages/count'), '2');
  assert.equal(values.get('$SYS/broker/clients/total'), '2');
  assert.equal(values.get('$SYS/broker/clients/disconnected'), '1');
  assert.equal(values.get('$SYS/broker/clients/expired'), '1');
  assert.equal(values.get('$SYS/broker/clients/maximum'), '2');
});

test('loads are rates a minute, of which what is longer ago counts less', async () => {
  const { fixture } = withSystem();
  const client = await fixture.connect('c');
  client.subscribe('$SYS/broker/load/publish/received/+');
  const loads: string[][] = [];
  for (const count of [10, 0]) {
    for (let i = 0; i < count; i++) client.publish('t', 'x');
    await pass(fixture, 10_000);
    const values = taken(client);
    loads.push([1, 5, 15].map((minutes) => values.get(`$SYS/broker/load/publish/received/${minutes}min`) ?? ''));
  }
  // 60 a minute in the first interval: 60 × (1 − e^(−10/60)), then that × e^(−10/60).
  assert.deepEqual(loads[0], ['9.21', '1.97', '0.66']);
  // The last one rounds to what it was, so it is not published again.
  assert.deepEqual(loads[1], ['7.80', '1.90', '']);
});

test('a source that fails takes nothing down, and its next answer counts', async () => {
  let fails = true;
  const { fixture } = withSystem(() => {
    if (fails) throw new Error('out of order');
    return [['$SYS/queues/orders/ready', '4']];
  });
  const client = await fixture.connect('c');
  client.subscribe('$SYS/queues/#');
  await pass(fixture, 10_000);
  assert.deepEqual(client.waiting(), []);
  fails = false;
  await pass(fixture, 10_000);
  assert.equal(client.takePublish().payload, '4');
});

test('a client may not publish there', async () => {
  const { fixture } = withSystem();
  const client = await fixture.connect('c');
  client.publish('$SYS/broker/uptime', 'x', { qos: 1 });
  assert.equal(client.take(PacketType.puback).reasonCode, 0x87);
});

test('with an interval of 0 there are no such topics', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c');
  client.subscribe('$SYS/#');
  await pass(fixture, 60_000);
  assert.deepEqual(client.waiting(), []);
});

function withSystem(source: () => SystemValue[] = () => [['$SYS/queues/orders/ready', '3']]): {
  fixture: BrokerFixture;
  asked: () => number;
} {
  let count = 0;
  const counted = (): SystemValue[] => {
    count++;
    return source();
  };
  const fixture = new BrokerFixture({ system: { intervalSeconds: 10, version: '1.2.3', sources: [counted] } });
  return { fixture, asked: () => count };
}

async function pass(fixture: BrokerFixture, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10_000) {
    fixture.clock.advance(10_000);
    await answered();
  }
}

/** Everything that has come, the last payload by topic; other packets are left out. */
function taken(client: MemoryClient): Map<string, string> {
  const values = new Map<string, string>();
  for (const type of client.waiting()) {
    if (type === PacketType.publish) {
      const { topic, payload } = client.takePublish();
      values.set(topic, payload);
    } else client.take(type as typeof PacketType.pingresp);
  }
  return values;
}
