import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { propertyBytesMax } from '../mqtt/codec/decode-properties.ts';
import { encodePacket } from '../mqtt/codec/encode.ts';
import { type ConnectPacket, PacketType } from '../mqtt/codec/packets.ts';
import { topicLevelsMax } from '../mqtt/topics/names.ts';
import { ByteWriter } from '../std/bytes.ts';
import { BrokerFixture } from './testing/broker-fixture.ts';
import { answered, type MemoryClient } from './testing/memory-client.ts';
import { OneQueue } from './testing/one-queue.ts';

function pairs(count: number): [string, string][] {
  return Array.from({ length: count }, (_, i) => [`k${i}`, 'v']);
}

async function connackOf(client: MemoryClient, connect: Parameters<MemoryClient['connect']>[0]): Promise<number> {
  await client.connect(connect);
  return client.take(PacketType.connack).reasonCode;
}

test('a topic name or filter of more levels than allowed is refused, in PUBLISH, SUBSCRIBE, a will and from elsewhere', async () => {
  const fixture = new BrokerFixture({ limits: { topicLevelsMax: 3 } });
  const client = await fixture.connect('c');
  client.publish('a/b/c', 'x', { qos: 1 });
  assert.equal(client.take(PacketType.puback).reasonCode, 0x10);
  client.publish('a/b/c/d', 'x', { qos: 1 });
  assert.equal(client.take(PacketType.puback).reasonCode, 0x90);
  assert.equal(await client.subscribed('a/+/#'), 0);
  assert.equal(await client.subscribed('a/+/c/#'), 0x8f);
  assert.equal(await client.subscribed('$share/g/a/+/c/#'), 0x8f);
  const will = { topic: 'a/b/c/d', payload: Buffer.from('x'), qos: 0, retain: false, properties: undefined } as const;
  assert.equal(await connackOf(fixture.open(), { clientId: 'w', will }), 0x90);
  const receipts: (SluiceError | undefined)[] = [];
  const waiter = { receipt: (_: number, failure: SluiceError | undefined) => void receipts.push(failure) };
  fixture.broker.publish({ ...elsewhere, topic: 'a/b/c/d' }, waiter, 0);
  assert.ok(receipts[0] instanceof SluiceError);
  assert.equal(receipts[0].code, 'invalid_topic');
  assert.deepEqual([...fixture.broker.counters.subscribesRefused], [[0x8f, 2]]);
});

const tooDeep = '/'.repeat(topicLevelsMax);

test('a topic or a filter of more levels than anybody takes ends the connection, as one that is none', async () => {
  const fixture = new BrokerFixture();
  const ends: [reasonCode: number, does: (client: MemoryClient) => void][] = [
    [0x82, (client) => client.publish(tooDeep, 'x')],
    [0x82, (client) => client.publish(tooDeep, 'x', { qos: 1 })],
    [0x81, (client) => client.sendSubscribe(tooDeep)],
    [0x81, (client) => client.sendSubscribe(`$share/g/${tooDeep}`)],
    [
      0x81,
      (client) => client.send({ type: PacketType.unsubscribe, packetId: 5, filters: [tooDeep], properties: undefined }),
    ],
  ];
  for (const [reasonCode, does] of ends) {
    const client = await fixture.connect('c');
    does(client);
    assert.deepEqual([client.take(PacketType.disconnect).reasonCode, client.ended], [reasonCode, true]);
    const older = await fixture.connect('d', { version: 4 });
    does(older);
    assert.deepEqual([older.waiting(), older.ended], [[], true]);
  }
});

const elsewhere = {
  topic: 'a',
  payload: Buffer.from('x'),
  qos: 1,
  retain: false,
  properties: undefined,
  receivedAt: 0,
  publisher: '',
} as const;

test('a message or a will with too many user properties is refused with 0x97', async () => {
  const fixture = new BrokerFixture({ limits: { userPropertiesMax: 2 } });
  const client = await fixture.connect('c');
  client.publish('a', 'x', { qos: 1, properties: { userProperties: pairs(2) } });
  assert.equal(client.take(PacketType.puback).reasonCode, 0x10);
  client.publish('a', 'x', { qos: 1, properties: { userProperties: pairs(3) } });
  assert.equal(client.take(PacketType.puback).reasonCode, 0x97);
  const will = { topic: 'a', payload: Buffer.from('x'), qos: 0, retain: false } as const;
  const refused = await connackOf(fixture.open(), {
    clientId: 'w',
    will: { ...will, properties: { userProperties: pairs(3) } },
  });
  assert.equal(refused, 0x97);
  assert.equal(fixture.broker.counters.publishesRefused, 1);
});

test('user properties of CONNECT itself are not kept, and have no bound but that of all properties', async () => {
  const fixture = new BrokerFixture({ limits: { userPropertiesMax: 2 } });
  assert.equal(await connackOf(fixture.open(), { clientId: 'c', properties: { userProperties: pairs(1_000) } }), 0);
});

test('more bytes of properties than a packet may have end the connection with 0x95', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c');
  const value = 'v'.repeat(60_000);
  client.publish('a', 'x', { properties: { userProperties: [['k', value]] } });
  assert.deepEqual(client.waiting(), []);
  const enough = Math.ceil(propertyBytesMax / value.length);
  client.publish('a', 'x', { properties: { userProperties: new Array(enough).fill(['k', value]) } });
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x95);
});

test('packets that come in part take a bounded memory of all connections together, and give it back when those end', async () => {
  const fixture = new BrokerFixture({ limits: { packetsBytesMax: 400_000 } });
  const [holder, other] = [await fixture.connect('h'), await fixture.connect('o')];
  const part = Buffer.concat([Buffer.from([0x30, 0xc0, 0xc4, 0x07]), Buffer.alloc(100_000, 0x61)]);
  holder.sendBytes(part);
  other.sendBytes(part);
  assert.equal(holder.ended, false);
  assert.equal(other.take(PacketType.disconnect).reasonCode, 0x97);
  holder.cut();
  const third = await fixture.connect('t');
  third.sendBytes(part);
  assert.equal(third.ended, false);
});

test('whoever has no CONNACK takes a part of that memory alone, and is refused by CONNACK beyond it', async () => {
  const fixture = new BrokerFixture({ limits: { packetsBytesMax: 4 * 1024 * 1024 } });
  const sender = await fixture.connect('s');
  const strangers = Array.from({ length: 60 }, () => fixture.open());
  const half = beginningOfConnect(5);
  for (const stranger of strangers) stranger.sendBytes(half);
  const refused = strangers.filter(({ ended }) => ended);
  assert.ok(refused.length > 0 && refused.length < 50);
  for (const client of refused) assert.equal(client.take(PacketType.connack).reasonCode, 0x97);
  const older = fixture.open(4);
  older.sendBytes(beginningOfConnect(4));
  assert.equal(older.take(PacketType.connack).reasonCode, 3);
  assert.deepEqual([...fixture.broker.counters.connectRefused], [[0x97, refused.length + 1]]);

  const publish = Buffer.concat([Buffer.from('32c0843d000161', 'hex'), Buffer.from([0, 7, 0]), Buffer.alloc(999_994)]);
  sender.sendBytes(publish.subarray(0, 66_000));
  sender.sendBytes(publish.subarray(66_000));
  assert.equal(sender.take(PacketType.puback).packetId, 7);
  const connect = connectBytes(4_000);
  for (const bytes of [[connect.subarray(0, 2_000), connect.subarray(2_000)], [connectBytes(60_000)]]) {
    const client = fixture.open();
    for (const part of bytes) client.sendBytes(part);
    await answered();
    assert.equal(client.take(PacketType.connack).reasonCode, 0);
  }

  for (const stranger of strangers) stranger.cut();
  const welcome = fixture.open();
  welcome.sendBytes(half);
  assert.equal(welcome.ended, false);
});

test('a packet that begins behind CONNECT and ends behind CONNACK gives back what it was lent before', async () => {
  const fixture = new BrokerFixture({ limits: { packetsBytesMax: 1024 * 1024 } });
  const connect = connectBytes(20);
  const publish = Buffer.concat([Buffer.from('32c09a0c000161', 'hex'), Buffer.from([0, 7, 0]), Buffer.alloc(199_994)]);
  for (let i = 0; i < 20; i++) {
    const client = fixture.open();
    client.sendBytes(Buffer.concat([connect, publish.subarray(0, 60_000)]));
    await answered();
    assert.equal(client.take(PacketType.connack).reasonCode, 0);
    client.sendBytes(publish.subarray(60_000));
    assert.equal(client.take(PacketType.puback).packetId, 7);
  }
  const stranger = fixture.open();
  const large = connectBytes(200_000);
  for (let at = 0; at < large.length; at += 60_000) stranger.sendBytes(large.subarray(at, at + 60_000));
  await answered();
  assert.equal(stranger.take(PacketType.connack).reasonCode, 0);
});

test('what came in part and is no CONNECT that is served ends the connection as ever, where there is no room for it', () => {
  const fixture = new BrokerFixture({ limits: { packetsBytesMax: 20_000 } });
  const [publish, otherProtocol, laterVersion] = ['30ffff03', '10ffff03000361626305', '10ffff0300044d51545406'];
  const ended = (beginning: string): MemoryClient => {
    const client = fixture.open();
    client.sendBytes(Buffer.concat([Buffer.from(beginning, 'hex'), Buffer.alloc(16_000)]));
    assert.equal(client.ended, true);
    return client;
  };
  for (const beginning of [publish, otherProtocol]) assert.deepEqual(ended(beginning).waiting(), []);
  assert.equal(ended(laterVersion).take(PacketType.connack).reasonCode, 0x84);
});

/** 16 KB of a CONNECT that announces 256 KiB. */
function beginningOfConnect(version: 4 | 5): Buffer {
  return Buffer.concat([Buffer.from('10fcff0f00044d515454', 'hex'), Buffer.from([version, 2]), Buffer.alloc(16_000)]);
}

/** A CONNECT of MQTT 5 with user properties of about so many bytes. */
function connectBytes(size: number): Buffer {
  const writer = new ByteWriter();
  const userProperties = Array.from({ length: Math.ceil(size / 50_000) }, (_, i): [string, string] => [
    `k${i}`,
    'v'.repeat(Math.min(size, 50_000) - 20),
  ]);
  const packet: ConnectPacket = {
    type: PacketType.connect,
    version: 5,
    clientId: 'c',
    cleanStart: true,
    keepAlive: 0,
    username: undefined,
    password: undefined,
    will: undefined,
    properties: { userProperties },
  };
  encodePacket(writer, packet, 5);
  return writer.bytes();
}

test('a client id or a will that is too long is refused', async () => {
  const fixture = new BrokerFixture({ limits: { clientIdBytesMax: 23, willBytesMax: 10 } });
  assert.equal(await connackOf(fixture.open(), { clientId: 'é'.repeat(11) }), 0);
  assert.equal(await connackOf(fixture.open(), { clientId: 'é'.repeat(12) }), 0x85);
  assert.equal(await connackOf(fixture.open(4), { clientId: 'é'.repeat(12) }), 2);
  const will = { topic: 'a', qos: 0, retain: false, properties: undefined } as const;
  assert.equal(await connackOf(fixture.open(), { clientId: 'w', will: { ...will, payload: Buffer.alloc(10) } }), 0);
  assert.equal(await connackOf(fixture.open(), { clientId: 'x', will: { ...will, payload: Buffer.alloc(11) } }), 0x95);
  assert.deepEqual(
    [...fixture.broker.counters.connectRefused],
    [
      [0x85, 2],
      [0x95, 1],
    ],
  );
});

test('one connection more than an address may have is closed at once, and one that ends makes room', () => {
  const fixture = new BrokerFixture({ limits: { connectionsPerAddressMax: 2 } });
  const [first] = [fixture.open(5, '192.0.2.7'), fixture.open(5, '::ffff:192.0.2.7')];
  const third = fixture.open(5, '192.0.2.7');
  assert.equal(third.ended, true);
  third.cut();
  assert.equal(fixture.open(5, '192.0.2.8').ended, false);
  assert.equal(fixture.open(5, '192.0.2.7').ended, true);
  first.cut();
  assert.equal(fixture.open(5, '192.0.2.7').ended, false);
  assert.equal(fixture.broker.counters.connectionsRefused, 2);
});

test('what ends a connection is counted by its reason code', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c');
  client.publish('a', 'x', { properties: { topicAlias: 5 } });
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x94);
  await fixture.connect('d');
  await fixture.connect('d');
  assert.deepEqual(
    [...fixture.broker.counters.disconnects],
    [
      [0x94, 1],
      [0x8e, 1],
    ],
  );
});

test('filters that are too long together are refused with 0x97, and make room again when they go', async () => {
  const client = await new BrokerFixture({ limits: { subscriptionsPerClientMax: 10 } }).connect('c');
  const long = 'x'.repeat(65_000);
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => client.subscribe(`${name}${long}`)),
    [0, 0, 0x97],
  );
  assert.equal(client.subscribe(`a${long}`, { qos: 1 }), 1);
  client.send({ type: PacketType.unsubscribe, packetId: 1, filters: [`a${long}`], properties: undefined });
  client.take(PacketType.unsuback);
  assert.equal(client.subscribe(`c${long}`), 0);
});

test('what a client says of its queues counts with its filters, and makes room again', async () => {
  const fixture = new BrokerFixture({ limits: { subscriptionsPerClientMax: 100 }, sources: [new OneQueue()] });
  const client = await fixture.connect('c');
  const subscribe = async (name: number): Promise<number> => {
    const asked = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    const subscriptions = [{ filter: `$queue/${name}`, ...asked }];
    const userProperties = [['start', 'x'.repeat(4_000)]] as const;
    client.send({ type: PacketType.subscribe, packetId: 1, subscriptions, properties: { userProperties } });
    await answered();
    return client.take(PacketType.suback).reasonCodes[0];
  };
  const most = 32;
  for (let name = 0; name < most; name++) assert.equal(await subscribe(name), 1);
  assert.equal(await subscribe(most), 0x97);
  assert.equal(await subscribe(0), 1);
  client.send({ type: PacketType.unsubscribe, packetId: 1, filters: ['$queue/5'], properties: undefined });
  client.take(PacketType.unsuback);
  assert.equal(await subscribe(most), 1);
});
