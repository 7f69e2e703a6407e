import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import type { Destination } from '../message.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import { BrokerFixture, HeldSink, openAccess } from './testing/broker-fixture.ts';

for (const version of [4, 5] as const) {
  test(`QoS 0, 1 and 2 go through at the lower of both sides' QoS (version ${version})`, async () => {
    const fixture = new BrokerFixture();
    const publisher = await fixture.connect('p', { version });
    const subscriber = await fixture.connect('s', { version });
    assert.equal(subscriber.subscribe('a/+', { qos: 2 }), 2);

    publisher.publish('a/0', 'zero');
    assert.equal(subscriber.takePublish().qos, 0);

    publisher.publish('a/1', 'one', { qos: 1, packetId: 7 });
    assert.equal(publisher.take(PacketType.puback).packetId, 7);
    const one = subscriber.takePublish();
    assert.equal(one.qos, 1);
    subscriber.ack(PacketType.puback, one.packetId);

    publisher.publish('a/2', 'two', { qos: 2, packetId: 8 });
    assert.equal(publisher.take(PacketType.pubrec).packetId, 8);
    publisher.ack(PacketType.pubrel, 8);
    assert.equal(publisher.take(PacketType.pubcomp).packetId, 8);
    const two = subscriber.takePublish();
    assert.equal(two.qos, 2);
    subscriber.ack(PacketType.pubrec, two.packetId);
    assert.equal(subscriber.take(PacketType.pubrel).packetId, two.packetId);
    subscriber.ack(PacketType.pubcomp, two.packetId);
    assert.deepEqual(subscriber.waiting(), []);
  });
}

test('a QoS 2 message that is sent again is published once [MQTT-4.3.3-10]', async () => {
  const fixture = new BrokerFixture();
  const publisher = await fixture.connect('p');
  const subscriber = await fixture.connect('s');
  subscriber.subscribe('t');
  publisher.publish('t', 'x', { qos: 2, packetId: 3 });
  publisher.publish('t', 'x', { qos: 2, packetId: 3, dup: true });
  publisher.take(PacketType.pubrec);
  publisher.take(PacketType.pubrec);
  subscriber.takePublish();
  assert.deepEqual(subscriber.waiting(), []);
  publisher.ack(PacketType.pubrel, 3);
  publisher.take(PacketType.pubcomp);
  publisher.publish('t', 'y', { qos: 2, packetId: 3 });
  assert.equal(subscriber.takePublish().payload, 'y');
});

test('nothing is acknowledged before everything that stores the message has said so', async () => {
  const [a, b] = [new HeldSink('t'), new HeldSink('t')];
  const fixture = new BrokerFixture({ sinks: [a, b] });
  const publisher = await fixture.connect('p');
  publisher.publish('t', 'x', { qos: 1, packetId: 5 });
  assert.deepEqual(publisher.waiting(), []);
  a.admitted[0].waiter.receipt(a.admitted[0].tag, undefined);
  assert.deepEqual(publisher.waiting(), []);
  b.admitted[0].waiter.receipt(b.admitted[0].tag, undefined);
  assert.equal(publisher.take(PacketType.puback).packetId, 5);
});

test('acknowledgements leave in the order of the messages [MQTT-4.6.0-2]', async () => {
  const sink = new HeldSink('stored');
  const fixture = new BrokerFixture({ sinks: [sink] });
  const publisher = await fixture.connect('p');
  publisher.publish('stored', 'x', { qos: 1, packetId: 1 });
  publisher.publish('elsewhere', 'y', { qos: 1, packetId: 2 });
  publisher.publish('stored', 'z', { qos: 2, packetId: 3 });
  const [first, second] = sink.admitted;
  second.waiter.receipt(second.tag, undefined);
  assert.deepEqual(publisher.waiting(), []);
  first.waiter.receipt(first.tag, undefined);
  assert.equal(publisher.take(PacketType.puback).packetId, 1);
  assert.equal(publisher.take(PacketType.puback).packetId, 2);
  assert.equal(publisher.take(PacketType.pubrec).packetId, 3);
});

test('a message that was not stored is refused with the reason on MQTT 5', async () => {
  const sink = new HeldSink('t');
  const properties = { requestProblemInformation: 1 } as const;
  const publisher = await new BrokerFixture({ sinks: [sink] }).connect('p', { properties });
  publisher.publish('t', 'x', { qos: 1, packetId: 9 });
  sink.admitted[0].waiter.receipt(sink.admitted[0].tag, new SluiceError('queue_full', 'Queue "q" is full'));
  const puback = publisher.take(PacketType.puback);
  assert.equal(puback.reasonCode, 0x97);
  assert.equal(puback.properties?.reasonString, 'Queue "q" is full');
  assert.equal(publisher.ended, false);
});

test('a message that was not stored ends a 3.1.1 connection without acknowledgement', async () => {
  const sink = new HeldSink('t');
  const publisher = await new BrokerFixture({ sinks: [sink] }).connect('p', { version: 4 });
  publisher.publish('t', 'x', { qos: 1, packetId: 9 });
  sink.admitted[0].waiter.receipt(sink.admitted[0].tag, new SluiceError('queue_full', 'Queue "q" is full'));
  assert.deepEqual(publisher.waiting(), []);
  assert.equal(publisher.ended, true);
});

test('what a 3.1.1 client cannot be told is counted: a message that can never be stored is acknowledged', async () => {
  const sink = new HeldSink('t');
  const fixture = new BrokerFixture({ sinks: [sink] });
  const publisher = await fixture.connect('p', { version: 4 });
  publisher.publish('t', 'x', { qos: 1, packetId: 9 });
  sink.admitted[0].waiter.receipt(sink.admitted[0].tag, new SluiceError('device_unknown', 'Register device "x" first'));
  assert.equal(publisher.take(PacketType.puback).packetId, 9);
  assert.equal(fixture.broker.counters.publishesRefused, 1);
});

test('a QoS 2 message sent again on a new connection waits for the receipt of its first copy', async () => {
  const sink = new HeldSink('t');
  const fixture = new BrokerFixture({ sinks: [sink] });
  const properties = { sessionExpiryInterval: 100 };
  const first = await fixture.connect('p', { properties });
  first.publish('t', 'x', { qos: 2, packetId: 4 });
  first.cut();
  const second = await fixture.connect('p', { properties, cleanStart: false });
  second.publish('t', 'x', { qos: 2, packetId: 4, dup: true });
  assert.equal(sink.admitted.length, 1);
  assert.deepEqual(second.waiting(), []);
  sink.admitted[0].waiter.receipt(sink.admitted[0].tag, undefined);
  assert.equal(second.take(PacketType.pubrec).packetId, 4);
});

test('a QoS 2 message whose store failed after the connection broke is taken anew', async () => {
  const sink = new HeldSink('t');
  const fixture = new BrokerFixture({ sinks: [sink] });
  const first = await fixture.connect('p', { version: 4, cleanStart: false });
  first.publish('t', 'x', { qos: 2, packetId: 4 });
  first.cut();
  sink.admitted[0].waiter.receipt(sink.admitted[0].tag, new SluiceError('storage_failed', 'disk'));
  const second = await fixture.connect('p', { version: 4, cleanStart: false });
  second.publish('t', 'x', { qos: 2, packetId: 4, dup: true });
  assert.equal(sink.admitted.length, 2);
});

test('publishing without the right is refused, and the server keeps $-topics to itself', async () => {
  const access = openAccess({ mayPublish: (_identity, _client, topic) => topic === 'mine' });
  const publisher = await new BrokerFixture({ access }).connect('p');
  publisher.publish('theirs', 'x', { qos: 1 });
  assert.equal(publisher.take(PacketType.puback).reasonCode, 0x87);
  publisher.publish('mine', 'x', { qos: 1 });
  assert.equal(publisher.take(PacketType.puback).reasonCode, 0x10);
  publisher.publish('$queue/x', 'x', { qos: 1 });
  assert.equal(publisher.take(PacketType.puback).reasonCode, 0x87);
});

test('who publishes to where a queue is read is told where to publish, and who may make one how', async () => {
  const said = async (topic: string, mayMake: boolean): Promise<string> => {
    const access = openAccess({ mayAdminister: () => mayMake });
    const publisher = await new BrokerFixture({ access }).connect('p', {
      properties: { requestProblemInformation: 1 },
    });
    publisher.publish(topic, 'x', { qos: 1 });
    return publisher.take(PacketType.puback).properties?.reasonString ?? '';
  };
  const queue =
    'Not allowed to publish to "$queue/x", where queue "x" is read: publish to a topic that the queue is bound to';
  const log =
    'Not allowed to publish to "$stream/x/g", where log "x" is read: publish to a topic that the log is bound to';
  const how = '; where there is none, make it with `sluice queue create x';
  assert.deepEqual([await said('$queue/x', false), await said('$stream/x/g', false)], [queue, log]);
  assert.equal(await said('$queue/x', true), `${queue}${how} --bind FILTER\``);
  assert.equal(await said('$stream/x/g', true), `${log}${how} --kind log --bind FILTER\``);
  assert.match(await said('$SYS/x', true), /topics of the server are for reading$/);
});

test('PUBACK says whether anybody subscribes to what was published', async () => {
  const sink = new HeldSink('stored');
  const fixture = new BrokerFixture({ sinks: [sink] });
  const publisher = await fixture.connect('p');
  publisher.publish('t', 'x', { qos: 1 });
  assert.equal(publisher.take(PacketType.puback).reasonCode, 0x10);
  const subscriber = await fixture.connect('s');
  subscriber.subscribe('t');
  publisher.publish('t', 'x', { qos: 1 });
  assert.equal(publisher.take(PacketType.puback).reasonCode, 0);
  publisher.publish('stored', 'x', { qos: 1 });
  sink.admitted[0].waiter.receipt(sink.admitted[0].tag, undefined);
  assert.equal(publisher.take(PacketType.puback).reasonCode, 0);
  const v4 = await fixture.connect('v4', { version: 4 });
  v4.publish('nobody', 'x', { qos: 1 });
  assert.equal(v4.take(PacketType.puback).reasonCode, 0);
});

test('an acknowledgement of another kind than the message asks for ends the connection', async () => {
  for (const [qos, type] of [
    [1, PacketType.pubrec],
    [1, PacketType.pubcomp],
    [2, PacketType.puback],
    [2, PacketType.pubcomp],
  ] as const) {
    const fixture = new BrokerFixture();
    const subscriber = await fixture.connect('s');
    subscriber.subscribe('t', { qos });
    const publisher = await fixture.connect('p');
    publisher.publish('t', 'x', { qos });
    const { packetId } = subscriber.takePublish();
    subscriber.send({ type, packetId, reasonCode: 0, properties: undefined });
    assert.equal(subscriber.take(PacketType.disconnect).reasonCode, 0x82);
    assert.equal(subscriber.ended, true);
  }
});

test('more unacknowledged messages than the Receive Maximum end the connection [MQTT-3.3.4-9]', async () => {
  const sink = new HeldSink('t');
  const publisher = await new BrokerFixture({ sinks: [sink] }).connect('p');
  for (let id = 1; id <= 11; id++) publisher.publish('t', 'x', { qos: 1, packetId: id });
  assert.equal(publisher.take(PacketType.disconnect).reasonCode, 0x93);
  assert.equal(sink.admitted.length, 10);
});

test('a QoS 2 message counts against the Receive Maximum until it is released [MQTT-3.3.4-7]', async () => {
  const publisher = await new BrokerFixture().connect('p');
  for (let id = 1; id <= 10; id++) publisher.publish('t', 'x', { qos: 2, packetId: id });
  for (let id = 1; id <= 10; id++) assert.equal(publisher.take(PacketType.pubrec).packetId, id);
  publisher.send({ type: PacketType.pubrel, packetId: 4, reasonCode: 0, properties: undefined });
  publisher.take(PacketType.pubcomp);
  publisher.publish('t', 'x', { qos: 1, packetId: 4 });
  publisher.take(PacketType.puback);
  publisher.publish('t', 'x', { qos: 2, packetId: 4 });
  publisher.take(PacketType.pubrec);
  publisher.publish('t', 'x', { qos: 1, packetId: 11 });
  assert.equal(publisher.take(PacketType.disconnect).reasonCode, 0x93);
});

test('a 3.1.1 client with too many unacknowledged messages is not read until the receipts are in', async () => {
  const sink = new HeldSink('t');
  const publisher = await new BrokerFixture({ sinks: [sink] }).connect('p', { version: 4 });
  for (let id = 1; id <= 15; id++) publisher.publish('t', 'x', { qos: 1, packetId: id });
  assert.equal(publisher.paused, true);
  for (const { waiter, tag } of sink.admitted) waiter.receipt(tag, undefined);
  assert.equal(publisher.paused, false);
  assert.equal(publisher.waiting().length, 15);
});

test('a topic alias stands for its topic, and an unknown or too large one ends the connection', async () => {
  const fixture = new BrokerFixture();
  const publisher = await fixture.connect('p');
  const subscriber = await fixture.connect('s');
  subscriber.subscribe('#');
  publisher.publish('long/topic', '1', { properties: { topicAlias: 2 } });
  publisher.publish('', '2', { properties: { topicAlias: 2 } });
  assert.equal(subscriber.takePublish().topic, 'long/topic');
  const second = subscriber.takePublish();
  assert.equal(second.topic, 'long/topic');
  assert.equal(second.properties, undefined);
  publisher.publish('', '3', { properties: { topicAlias: 5 } });
  assert.equal(publisher.take(PacketType.disconnect).reasonCode, 0x94);
});

test('the topics of all aliases of a client together have a bound, which one alone never meets', async () => {
  const publisher = await new BrokerFixture().connect('p');
  const longest = 'x'.repeat(65_535);
  publisher.publish(longest, '', { properties: { topicAlias: 1 } });
  publisher.publish('y'.repeat(65_530), '', { properties: { topicAlias: 1 } });
  publisher.publish('short', '', { properties: { topicAlias: 2 } });
  assert.deepEqual(publisher.waiting(), []);
  publisher.publish('one more', '', { properties: { topicAlias: 3 } });
  assert.equal(publisher.take(PacketType.disconnect).reasonCode, 0x97);
});

test('properties of MQTT 5 pass through, with the expiry that is left', async () => {
  const fixture = new BrokerFixture();
  const publisher = await fixture.connect('p');
  const subscriber = await fixture.connect('s', { properties: { sessionExpiryInterval: 100 } });
  await subscriber.subscribed('t', { qos: 1 }, 77);
  subscriber.cut();
  publisher.publish('t', 'x', {
    qos: 1,
    properties: {
      contentType: 'text/plain',
      responseTopic: 'r',
      correlationData: Buffer.from([1, 2]),
      userProperties: [
        ['a', '1'],
        ['a', '2'],
      ],
      messageExpiryInterval: 60,
    },
  });
  fixture.clock.advance(20_000);
  const again = await fixture.connect('s', { cleanStart: false, properties: { sessionExpiryInterval: 100 } });
  assert.deepEqual(again.takePublish().properties, {
    contentType: 'text/plain',
    responseTopic: 'r',
    correlationData: Buffer.from([1, 2]),
    userProperties: [
      ['a', '1'],
      ['a', '2'],
    ],
    messageExpiryInterval: 40,
    subscriptionIdentifiers: [77],
  });
});

test('a packet that breaks the protocol ends its own connection with the reason and no other', async () => {
  const fixture = new BrokerFixture();
  const bad = await fixture.connect('bad');
  const good = await fixture.connect('good');
  bad.sendBytes(Buffer.from([0x36, 0x02, 0x00, 0x00]));
  assert.equal(bad.take(PacketType.disconnect).reasonCode, 0x81);
  assert.equal(bad.ended, true);
  good.sendBytes(Buffer.from([0xc0, 0x00]));
  good.take(PacketType.pingresp);
});

test('a message from elsewhere gets one receipt when all of its receipts are in', async () => {
  const sink = new HeldSink('t');
  const fixture = new BrokerFixture({ sinks: [sink] });
  const receipts: (string | undefined)[] = [];
  const message = {
    topic: 't',
    payload: Buffer.from('x'),
    qos: 1 as const,
    retain: true,
    properties: undefined,
    receivedAt: 0,
    publisher: 'http',
  };
  fixture.broker.publish(message, { receipt: (tag, failure) => receipts.push(failure?.code ?? `${tag}`) }, 6);
  assert.deepEqual(receipts, []);
  sink.admitted[0].waiter.receipt(sink.admitted[0].tag, undefined);
  assert.deepEqual(receipts, ['6']);
});

test('a message from elsewhere comes at once to the client that is called as its publisher', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('meter-1');
  client.subscribe('t', { qos: 2 });
  const message = { topic: 't', payload: Buffer.from('x'), qos: 2, retain: false, properties: undefined } as const;
  fixture.broker.publish({ ...message, receivedAt: 0, publisher: 'meter-1' }, { receipt: () => undefined }, 0);
  assert.equal(client.takePublish().payload, 'x');
});

test('where a message from elsewhere is made another one, its sender is asked, with the device that it is for', async () => {
  const sink = new HeldSink('devices/g-1/gateway/telemetry');
  const fixture = new BrokerFixture({ sinks: [sink] });
  const asked: unknown[] = [];
  const waiter = {
    receipt: () => undefined,
    mayPublish: (...question: unknown[]) => asked.push(question) > 0,
  };
  const topic = 'devices/g-1/gateway/telemetry';
  const message = { topic, payload: Buffer.from('{}'), qos: 1, retain: false, properties: undefined } as const;
  fixture.broker.publish({ ...message, receivedAt: 0, publisher: 'http' }, waiter, 0);
  const child = { id: 'm-1', deviceType: 'meter' };
  assert.equal(sink.admitted[0].waiter.mayPublish?.('devices/m-1/telemetry', child), true);
  assert.deepEqual(asked, [['devices/m-1/telemetry', child]]);
});

test('a topic that is too long or too deep once `me` is filled in is refused', async () => {
  const access = openAccess({
    authenticate: () => Promise.resolve({ kind: 'device', name: 'd'.repeat(100), deviceType: 't' }),
  });
  const publisher = await new BrokerFixture({ access }).connect('p');
  for (const topic of [`devices/me/${'x'.repeat(65_500)}`, `devices/me/${'x/'.repeat(150)}`]) {
    publisher.publish(topic, 'x', { qos: 1, retain: true });
    assert.equal(publisher.take(PacketType.puback).reasonCode, 0x90);
  }
});

test('a message that a sink refuses at once is neither delivered nor retained: it will come again', async () => {
  const sink = new HeldSink('t');
  const refusing = {
    name: 'refusing',
    route: () => ({
      admit: (...[, waiter, tag]: Parameters<Destination['admit']>) => {
        waiter.receipt(tag, new SluiceError('queue_full', 'Queue "q" is full'));
        return true;
      },
    }),
    onRoutesChanged: () => undefined,
  };
  const fixture = new BrokerFixture({ sinks: [sink, refusing] });
  const subscriber = await fixture.connect('s');
  subscriber.subscribe('t');
  const publisher = await fixture.connect('p');
  publisher.publish('t', 'x', { qos: 1, retain: true });
  sink.admitted[0].waiter.receipt(sink.admitted[0].tag, undefined);
  assert.equal(publisher.take(PacketType.puback).reasonCode, 0x97);
  assert.deepEqual(subscriber.waiting(), []);
  assert.equal(fixture.broker.levels().retained, 0);
});

test('a client that does not read the answers to what it sends is not read', async () => {
  const fixture = new BrokerFixture({ limits: { outputBytesMax: 1_000 } });
  const client = await fixture.connect('c');
  client.stuckBytes = 1_001;
  client.sendBytes(Buffer.from([0xc0, 0x00]));
  assert.equal(client.paused, true);
  client.stuckBytes = 0;
  client.drained();
  assert.equal(client.paused, false);
});
