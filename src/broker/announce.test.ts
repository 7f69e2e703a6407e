import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../mqtt/codec/packets.ts';
import { BrokerFixture, HeldSink, openAccess } from './testing/broker-fixture.ts';

const topic = '$events/queue/jobs/full';

test('what the server says reaches who subscribes with the right to, and a queue that is bound to it', async () => {
  const sink = new HeldSink(topic);
  const maySubscribe = (_: unknown, clientId: string): boolean => clientId === 'operator';
  const fixture = new BrokerFixture({ sinks: [sink], access: openAccess({ maySubscribe }) });
  const [operator, stranger] = [await fixture.connect('operator'), await fixture.connect('stranger')];
  assert.equal(operator.subscribe('$events/queue/+/full', { qos: 1 }), 1);
  assert.equal(stranger.subscribe('$events/queue/+/full', { qos: 1 }), 0x87);
  fixture.broker.announce(topic, () => Buffer.from('{"ready":7}'));
  const said = operator.takePublish();
  assert.deepEqual([said.topic, said.payload, said.qos, said.retain], [topic, '{"ready":7}', 1, false]);
  assert.equal(said.properties?.contentType, 'application/json');
  assert.deepEqual(stranger.waiting(), []);
  assert.deepEqual(
    sink.admitted.map(({ message }) => message.payload.toString()),
    ['{"ready":7}'],
  );
});

test('nothing is made where nobody listens, and "#" does not listen there', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c');
  client.subscribe('#');
  fixture.broker.announce(topic, () => assert.fail('nobody listens'));
  assert.deepEqual(client.waiting(), []);
});

test('a topic is heard while a subscription or a queue matches it', async () => {
  const fixture = new BrokerFixture({ sinks: [new HeldSink('events/queued')] });
  const client = await fixture.connect('c');
  const heard = (): boolean[] => ['events/a', 'events/b', 'events/queued'].map((name) => fixture.broker.hears(name));
  assert.deepEqual(heard(), [false, false, true]);
  client.subscribe('events/a');
  assert.deepEqual(heard(), [true, false, true]);
  client.send({ type: PacketType.unsubscribe, packetId: 9, filters: ['events/a'], properties: undefined });
  assert.deepEqual(heard(), [false, false, true]);
});

test('nobody else speaks there', async () => {
  const fixture = new BrokerFixture();
  const [client, listener] = [await fixture.connect('c'), await fixture.connect('l')];
  listener.subscribe('$events/#');
  client.publish(topic, 'x', { qos: 1 });
  assert.equal(client.take(PacketType.puback).reasonCode, 0x87);
  assert.deepEqual(listener.waiting(), []);
});
