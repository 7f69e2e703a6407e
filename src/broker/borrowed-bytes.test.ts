import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket } from '../mqtt/codec/encode.ts';
import { encodePublish } from '../mqtt/codec/encode-publish.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import { ByteWriter, referenceBytesMin } from '../std/bytes.ts';
import { Publication } from './publication.ts';
import { BrokerFixture, openAccess } from './testing/broker-fixture.ts';
import { answered } from './testing/memory-client.ts';

/* What the broker gets from the network is gone when it has returned (`MemoryClient.sendBytes`): whatever it keeps must be right all the same. */

const correlationData = Buffer.from('which question');
const large = 'l'.repeat(referenceBytesMin);

test('a message that waits for its subscriber keeps its payload and its correlation data', async () => {
  const fixture = new BrokerFixture();
  const publisher = await fixture.connect('p');
  const subscriber = await fixture.connect('s', { properties: { receiveMaximum: 1 } });
  subscriber.subscribe('t', { qos: 1 });
  for (const [i, payload] of ['first', 'second', large].entries()) {
    publisher.publish('t', payload, { qos: 1, packetId: i + 1, properties: { correlationData } });
  }
  for (const payload of ['first', 'second', large]) {
    const received = subscriber.takePublish();
    assert.equal(received.payload, payload);
    assert.deepEqual(received.properties?.correlationData, correlationData);
    subscriber.ack(PacketType.puback, received.packetId);
  }
});

test('a message that is sent again to a client that came back is the same', async () => {
  const fixture = new BrokerFixture();
  const publisher = await fixture.connect('p');
  const kept = { cleanStart: false, properties: { sessionExpiryInterval: 60 } };
  const first = await fixture.connect('s', kept);
  await first.subscribed('t', { qos: 1 });
  publisher.publish('t', 'again', { qos: 1, properties: { correlationData } });
  first.takePublish();
  first.cut();
  const second = await fixture.connect('s', kept);
  const received = second.takePublish();
  assert.equal(received.payload, 'again');
  assert.deepEqual(received.properties?.correlationData, correlationData);
});

test('a retained message keeps its bytes, also where a subscriber got it before', async () => {
  const fixture = new BrokerFixture();
  const publisher = await fixture.connect('p');
  const others = [await fixture.connect('a'), await fixture.connect('b')];
  for (const other of others) other.subscribe('t');
  publisher.publish('t', 'retained', { retain: true, properties: { correlationData } });
  const late = await fixture.connect('late');
  late.subscribe('t');
  for (const client of [...others, late]) {
    const received = client.takePublish();
    assert.equal(received.payload, 'retained');
    assert.deepEqual(received.properties?.correlationData, correlationData);
  }
});

for (const [size, clientIds] of [100, 5_000, referenceBytesMin - 1, referenceBytesMin, 100_000].flatMap((size) =>
  ['a', 'ab', 'abcd'].map((clientIds) => [size, clientIds] as const),
)) {
  test(`${size} bytes reach ${clientIds.length} subscribers at QoS 0 and 1 whole, from one read and from many`, async () => {
    const fixture = new BrokerFixture();
    const publisher = await fixture.connect('p');
    const subscribers = await Promise.all([...clientIds].map((clientId) => fixture.connect(clientId)));
    for (const [i, subscriber] of subscribers.entries()) subscriber.subscribe('t', { qos: i % 2 === 0 ? 0 : 1 });
    const payload = 'p'.repeat(size);
    publisher.publish('t', payload, { qos: 1, packetId: 1 });
    const writer = new ByteWriter();
    encodePublish(writer, 't', Buffer.from(payload), undefined, 1, false, false, 2, 5);
    const bytes = writer.bytes();
    for (let at = 0; at < bytes.length; at += 10_007) publisher.sendBytes(bytes.subarray(at, at + 10_007));
    // The next one is gathered in the same memory.
    bytes.fill('z', bytes.length - size);
    for (let at = 0; at < bytes.length; at += 10_007) publisher.sendBytes(bytes.subarray(at, at + 10_007));
    for (const subscriber of subscribers) {
      for (const letter of ['p', 'p', 'z']) assert.ok(subscriber.takePublish().payload === letter.repeat(size));
    }
  });
}

test('what comes behind CONNECT in one read is handled as it was', async () => {
  const fixture = new BrokerFixture();
  const subscriber = await fixture.connect('s');
  subscriber.subscribe('t');
  const early = fixture.open();
  const writer = new ByteWriter();
  const connect = {
    type: PacketType.connect,
    version: 5,
    clientId: 'early',
    cleanStart: true,
    keepAlive: 0,
    username: undefined,
    password: Buffer.from('secret'),
    will: undefined,
    properties: undefined,
  } as const;
  encodePacket(writer, connect, 5);
  encodePublish(writer, 't', Buffer.from('hurry'), { correlationData }, 0, false, false, 0, 5);
  early.sendBytes(writer.bytes());
  await answered();
  const received = subscriber.takePublish();
  assert.equal(received.payload, 'hurry');
  assert.deepEqual(received.properties?.correlationData, correlationData);
});

test('a password can be looked at after the turn in which it came', async () => {
  let seen = '';
  const access = openAccess({
    authenticate: async ({ password }) => {
      await answered();
      seen = String(password);
      return { kind: 'anonymous', name: 'anonymous' };
    },
  });
  const client = new BrokerFixture({ access }).open();
  await client.connect({ password: Buffer.from('secret') });
  await answered();
  client.take(PacketType.connack);
  assert.equal(seen, 'secret');
});

test('a will is published as the client set it', async () => {
  const fixture = new BrokerFixture();
  const subscriber = await fixture.connect('s');
  subscriber.subscribe('t');
  const will = {
    topic: 't',
    payload: Buffer.from('gone'),
    qos: 0,
    retain: false,
    properties: { correlationData },
  } as const;
  const client = await fixture.connect('c', { will });
  client.cut();
  const received = subscriber.takePublish();
  assert.equal(received.payload, 'gone');
  assert.deepEqual(received.properties?.correlationData, correlationData);
});

test('a topic alias and a known topic outlive the packet that named them', async () => {
  const fixture = new BrokerFixture();
  const publisher = await fixture.connect('p');
  const subscriber = await fixture.connect('s');
  subscriber.subscribe('#');
  publisher.publish('known', '1', { properties: { topicAlias: 1 } });
  publisher.publish('other', '2');
  publisher.publish('other', '3');
  publisher.publish('', '4', { properties: { topicAlias: 1 } });
  const topics = [1, 2, 3, 4].map(() => subscriber.takePublish().topic);
  assert.deepEqual(topics, ['known', 'other', 'other', 'known']);
});

test('the shared encoding of a publication that is kept does not lean on the bytes that it came in', () => {
  const read = Buffer.alloc(5_000, 'x');
  const publication = new Publication('t', read, 0, false, undefined, 0, 'p');
  publication.frame().write(new ByteWriter(), 0, false, false, 0, 5);
  publication.own();
  read.fill(0xee);
  const writer = new ByteWriter();
  publication.frame().write(writer, 0, false, false, 0, 5);
  assert.ok(writer.bytes().subarray(-5_000).equals(Buffer.alloc(5_000, 'x')));
});

test('a message that waits for a member of a group keeps its correlation data', async () => {
  const fixture = new BrokerFixture();
  const publisher = await fixture.connect('p');
  const member = await fixture.connect('m', { properties: { receiveMaximum: 1 } });
  member.subscribe('$share/g/t', { qos: 1 }, 7);
  for (const [i, payload] of ['first', 'second'].entries()) {
    publisher.publish('t', payload, { qos: 1, packetId: i + 1, properties: { correlationData } });
    const answer = publisher.take(PacketType.puback);
    assert.equal(answer.reasonCode, 0);
  }
  for (const payload of ['first', 'second']) {
    const received = member.takePublish();
    assert.equal(received.payload, payload);
    assert.deepEqual(received.properties?.correlationData, correlationData);
    member.ack(PacketType.puback, received.packetId);
  }
});
