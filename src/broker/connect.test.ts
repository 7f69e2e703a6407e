import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SluiceError } from '../errors.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import { BrokerFixture, HeldSink, openAccess } from './testing/broker-fixture.ts';
import { answered } from './testing/memory-client.ts';

test('CONNECT is answered, and a client without an id is given one [MQTT-3.1.3-6]', async () => {
  const { broker } = new BrokerFixture();
  const fixture = new BrokerFixture();
  const client = fixture.open(5);
  await client.connect({ clientId: '' });
  const connack = client.take(PacketType.connack);
  assert.equal(connack.reasonCode, 0);
  assert.match(connack.properties?.assignedClientIdentifier ?? '', /^auto-/);
  assert.equal(connack.properties?.receiveMaximum, 10);
  assert.equal(broker.levels().sessions, 0);
  assert.equal(fixture.broker.levels().sessions, 1);
});

test('a 3.1.1 client without an id must ask for a clean session [MQTT-3.1.3-8]', async () => {
  const client = new BrokerFixture().open(4);
  await client.connect({ clientId: '', cleanStart: false });
  assert.equal(client.take(PacketType.connack).reasonCode, 0x02);
  assert.equal(client.ended, true);
});

test('wrong credentials are not authorized, as missing ones are: 0x87, and return code 5', async () => {
  const access = openAccess({
    authenticate: () => Promise.reject(new SluiceError('unauthenticated', 'Wrong password')),
  });
  const shown = { username: 'ann', password: Buffer.from('wrong') };
  const v5 = new BrokerFixture({ access }).open(5);
  await v5.connect(shown);
  assert.equal(v5.take(PacketType.connack).reasonCode, 0x87);
  assert.equal(v5.ended, true);
  const v4 = new BrokerFixture({ access }).open(4);
  await v4.connect(shown);
  assert.equal(v4.take(PacketType.connack).reasonCode, 0x05);
  assert.equal(v4.ended, true);
});

test('whatever of user name and password is missing, the answer is the same', async () => {
  const access = openAccess({
    authenticate: () => Promise.reject(new SluiceError('unauthenticated', 'Give a user name and password')),
  });
  const shown: [5 | 4, Buffer | undefined, string | undefined][] = [
    [5, undefined, undefined],
    [4, undefined, undefined],
    [5, undefined, 'ann'],
    [4, undefined, 'ann'],
    [5, Buffer.from('x'), undefined],
  ];
  for (const [version, password, username] of shown) {
    const client = new BrokerFixture({ access }).open(version);
    await client.connect({ username, password });
    assert.equal(client.take(PacketType.connack).reasonCode, version === 5 ? 0x87 : 0x05);
    assert.equal(client.ended, true);
  }
});

test('what a client sends behind CONNECT waits for the answer and is then handled', async () => {
  const fixture = new BrokerFixture();
  const client = fixture.open(5);
  const connected = client.connect({});
  assert.equal(client.paused, true);
  client.sendBytes(Buffer.from([0xc0, 0x00]));
  await connected;
  client.take(PacketType.connack);
  client.take(PacketType.pingresp);
  assert.equal(client.paused, false);
});

test('packets that wait behind CONNECT take hardly more memory than their bytes', async () => {
  const { access } = heldLogins();
  const fixture = new BrokerFixture({ access });
  const pings = Buffer.alloc(60_000, Buffer.from([0xc0, 0]));
  const clients = Array.from({ length: 20 }, () => fixture.open());
  await Promise.all(clients.map((client, i) => client.connect({ clientId: `c${i}`, username: `u${i}` })));
  const before = memoryBytes();
  for (const client of clients) client.sendBytes(pings);
  const held = memoryBytes() - before;
  assert.ok(held < 3 * clients.length * pings.length, `${held} bytes are held`);
});

test('anything but CONNECT first ends the connection [MQTT-3.1.0-1]', () => {
  const client = new BrokerFixture().open(5);
  client.sendBytes(Buffer.from([0xc0, 0x00]));
  assert.equal(client.ended, true);
});

test('a second CONNECT ends the connection [MQTT-3.1.0-2]', async () => {
  const client = await new BrokerFixture().connect('a');
  await client.connect({ clientId: 'a' });
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x82);
  assert.equal(client.ended, true);
});

test('a protocol level that is not spoken is answered in the form that its client reads [MQTT-3.1.2-2]', () => {
  for (const [level, version, reasonCode] of [
    [3, 4, 0x01],
    [0x84, 4, 0x01],
    [6, 5, 0x84],
  ] as const) {
    const client = new BrokerFixture().open(version);
    client.sendBytes(connectBytes('MQTT', level));
    assert.equal(client.take(PacketType.connack).reasonCode, reasonCode);
    assert.equal(client.ended, true);
  }
});

test('another protocol is not answered [MQTT-3.1.2-1]', () => {
  const client = new BrokerFixture().open(4);
  client.sendBytes(connectBytes('AMQP', 4));
  assert.deepEqual(client.waiting(), []);
  assert.equal(client.ended, true);
});

test('MQTT 3.1 is served, with a client id', async () => {
  const fixture = new BrokerFixture();
  const client = fixture.open(4);
  client.sendBytes(connectBytes('MQIsdp', 3, 'a'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(client.take(PacketType.connack).reasonCode, 0);
  const nameless = fixture.open(4);
  nameless.sendBytes(connectBytes('MQIsdp', 3, ''));
  assert.equal(nameless.take(PacketType.connack).reasonCode, 0x02);
  assert.equal(nameless.ended, true);
});

test('MQTT 3.1 has no Session Present, and a DUP flag in PUBREL and SUBSCRIBE', async () => {
  const fixture = new BrokerFixture();
  for (let i = 0; i < 2; i++) {
    const client = fixture.open(4);
    client.sendBytes(Buffer.from('100f00064d514973647003000000000161', 'hex'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(client.take(PacketType.connack).sessionPresent, false);
    client.sendBytes(Buffer.from('8a06000100016200', 'hex'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(client.take(PacketType.suback).reasonCodes, [0]);
    client.sendBytes(Buffer.from('6a020009', 'hex'));
    assert.equal(client.take(PacketType.pubcomp).packetId, 9);
    client.cut();
  }
  const later = fixture.open(4);
  later.sendBytes(connectBytes('MQTT', 4, 'b'));
  await new Promise((resolve) => setImmediate(resolve));
  later.take(PacketType.connack);
  later.sendBytes(Buffer.from('6a020009', 'hex'));
  assert.equal(later.ended, true);
});

test('a malformed CONNECT is answered on MQTT 5, and only there [MQTT-3.1.4-1]', () => {
  const v5 = new BrokerFixture().open(5);
  v5.sendBytes(Buffer.from('100e00044d5154540503000a00000161', 'hex'));
  assert.equal(v5.take(PacketType.connack).reasonCode, 0x81);
  assert.equal(v5.ended, true);
  const v4 = new BrokerFixture().open(4);
  v4.sendBytes(Buffer.from('100d00044d5154540403000a000161', 'hex'));
  assert.deepEqual(v4.waiting(), []);
  assert.equal(v4.ended, true);
});

test('a keep-alive that is too long is cut, and the client told [MQTT-3.1.2-21]', async () => {
  const fixture = new BrokerFixture({ limits: { keepAliveSecondsMax: 60 } });
  for (const [asked, answered] of [
    [0, 60],
    [61, 60],
    [60, undefined],
  ] as const) {
    const client = fixture.open(5);
    await client.connect({ clientId: `asks-${asked}`, keepAlive: asked });
    assert.equal(client.take(PacketType.connack).properties?.serverKeepAlive, answered);
    fixture.clock.advance(90_000);
    assert.equal(client.take(PacketType.disconnect).reasonCode, 0x8d);
  }
  const v4 = await fixture.connect('v4', { version: 4, keepAlive: 0 });
  fixture.clock.advance(90_000);
  assert.equal(v4.ended, false);
});

test('a client that takes no packet as large as CONNACK is never connected [MQTT-3.1.2-24]', async () => {
  const fixture = new BrokerFixture();
  const watcher = await fixture.connect('watcher');
  watcher.subscribe('gone');
  const client = fixture.open(5);
  const will = { topic: 'gone', payload: Buffer.from('x'), qos: 0, retain: false, properties: undefined } as const;
  await client.connect({ clientId: 'small', properties: { maximumPacketSize: 5 }, will });
  assert.deepEqual(client.waiting(), []);
  assert.equal(client.ended, true);
  assert.deepEqual(watcher.waiting(), []);
});

test('a reason is left out where the packet is too large with it [MQTT-3.14.2-3]', async () => {
  const client = await new BrokerFixture().connect('c', {
    properties: { maximumPacketSize: 40, requestProblemInformation: 1 },
  });
  client.sendBytes(Buffer.from('8000', 'hex'));
  assert.deepEqual(client.take(PacketType.disconnect), { type: 14, reasonCode: 0x81, properties: undefined });
});

test('reasons are for a client that asks for them', async () => {
  for (const asked of [undefined, 0, 1] as const) {
    const client = await new BrokerFixture().connect('c', { properties: { requestProblemInformation: asked } });
    client.sendBytes(Buffer.from('8000', 'hex'));
    const { properties } = client.take(PacketType.disconnect);
    if (asked === 1) assert.match(properties?.reasonString ?? '', /first byte 0x82, met 0x80/);
    else assert.equal(properties, undefined);
  }
});

test('a client that never says CONNECT is closed', () => {
  const fixture = new BrokerFixture();
  const client = fixture.open();
  fixture.clock.advance(9_999);
  assert.equal(client.ended, false);
  fixture.clock.advance(1);
  assert.equal(client.ended, true);
});

test('silence for one and a half times the keep-alive ends the connection [MQTT-3.1.2-22]', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('a', { keepAlive: 10 });
  fixture.clock.advance(14_000);
  client.sendBytes(Buffer.from([0xc0, 0x00]));
  client.take(PacketType.pingresp);
  fixture.clock.advance(14_999);
  assert.equal(client.ended, false);
  fixture.clock.advance(1);
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x8d);
  assert.equal(client.ended, true);
});

test('a client that the server does not read is not silent, and has time to be read once it is read again', async () => {
  const sink = new HeldSink('t');
  const fixture = new BrokerFixture({ sinks: [sink], limits: { receiveMaximum: 1 } });
  const client = await fixture.connect('a', { version: 4, keepAlive: 10 });
  client.publish('t', '1', { qos: 1, packetId: 1 });
  client.publish('t', '2', { qos: 1, packetId: 2 });
  assert.equal(client.paused, true);
  fixture.clock.advance(60_000);
  assert.equal(client.ended, false);
  for (const { waiter, tag } of sink.admitted) waiter.receipt(tag, undefined);
  assert.equal(client.paused, false);
  fixture.clock.advance(7_499);
  assert.equal(client.ended, false);
  fixture.clock.advance(1);
  assert.equal(client.ended, true);
});

test('a client that is not read because it takes no answers is cut off after its keep-alive', async () => {
  const fixture = new BrokerFixture({ limits: { outputBytesMax: 1_000 } });
  const client = await fixture.connect('a', { keepAlive: 10 });
  client.stuckBytes = 1_001;
  client.send({ type: PacketType.pingreq });
  assert.equal(client.paused, true);
  fixture.clock.advance(15_000);
  assert.equal(client.ended, true);
});

test('a second connection with the same client id takes over [MQTT-3.1.4-3]', async () => {
  const fixture = new BrokerFixture();
  const first = await fixture.connect('a');
  const second = await fixture.connect('a');
  assert.equal(first.take(PacketType.disconnect).reasonCode, 0x8e);
  assert.equal(first.ended, true);
  assert.equal(fixture.broker.levels().sessions, 1);
  first.cut();
  second.subscribe('t');
  second.publish('t', 'still here');
  assert.equal(second.takePublish().payload, 'still here');
});

test('no more sessions than allowed', async () => {
  const fixture = new BrokerFixture({ limits: { sessionsMax: 1 } });
  await fixture.connect('a');
  const second = fixture.open();
  await second.connect({ clientId: 'b' });
  assert.equal(second.take(PacketType.connack).reasonCode, 0x97);
});

/** Lets logins through when the test says so, by user name. */
function heldLogins() {
  const waiting = new Map<string, () => void>();
  const access = openAccess({
    authenticate: ({ username = '' }) =>
      new Promise((resolve) => {
        waiting.set(username, () => resolve({ kind: 'user', name: 'ann', rules: [], admin: true }));
      }),
  });
  const letIn = async (username: string): Promise<void> => {
    waiting.get(username)?.();
    await answered();
  };
  return { access, letIn };
}

test('a login that takes long does not take over from a connection that came later', async () => {
  const { access, letIn } = heldLogins();
  const fixture = new BrokerFixture({ access });
  const [early, late] = [fixture.open(), fixture.open()];
  await early.connect({ clientId: 'a', username: 'early' });
  await late.connect({ clientId: 'a', username: 'late' });
  await letIn('late');
  assert.equal(late.take(PacketType.connack).reasonCode, 0);
  await letIn('early');
  assert.equal(early.take(PacketType.connack).reasonCode, 0x80);
  assert.equal(early.ended, true);
  assert.equal(late.ended, false);
});

test('the number of sessions is bounded also for logins that were under way', async () => {
  const { access, letIn } = heldLogins();
  const fixture = new BrokerFixture({ access, limits: { sessionsMax: 1 } });
  const [a, b] = [fixture.open(), fixture.open()];
  await a.connect({ clientId: 'a', username: 'a' });
  await b.connect({ clientId: 'b', username: 'b' });
  await letIn('a');
  await letIn('b');
  assert.equal(a.take(PacketType.connack).reasonCode, 0);
  assert.equal(b.take(PacketType.connack).reasonCode, 0x97);
  assert.equal(fixture.broker.levels().sessions, 1);
});

test('a server that goes tells every client', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('a');
  fixture.broker.sayGoodbye();
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x8b);
  assert.equal(client.ended, true);
});

test('nobody takes over the session of another identity', async () => {
  const access = openAccess({
    authenticate: ({ username }) => Promise.resolve({ kind: 'user', name: username ?? '', rules: [], admin: true }),
  });
  const fixture = new BrokerFixture({ access });
  const mine = await fixture.connect('c', { username: 'me' });
  const thief = fixture.open();
  await thief.connect({ clientId: 'c', username: 'someone else' });
  assert.equal(thief.take(PacketType.connack).reasonCode, 0x85);
  assert.equal(mine.ended, false);
});

test('a CONNECT that trickles in is cut off after the same time', () => {
  const fixture = new BrokerFixture();
  const client = fixture.open();
  client.sendBytes(Buffer.from([0x10, 0x7f]));
  for (let second = 0; second < 10; second++) {
    fixture.clock.advance(1_000);
    client.sendBytes(Buffer.from([0]));
  }
  assert.equal(client.ended, true);
});

test('a will is held to the rules of every publish: reserved topics, and names that are too long once `me` is filled in', async () => {
  const access = openAccess({
    authenticate: () => Promise.resolve({ kind: 'device', name: 'd'.repeat(100), deviceType: 't' }),
  });
  for (const topic of ['$SYS/x', `devices/me/${'x'.repeat(65_500)}`]) {
    const client = new BrokerFixture({ access }).open();
    await client.connect({ will: { topic, payload: Buffer.from('x'), qos: 0, retain: false, properties: undefined } });
    assert.equal(client.take(PacketType.connack).reasonCode, topic === '$SYS/x' ? 0x87 : 0x90);
  }
});

/** CONNECT of a client that wants a clean session and no keep-alive. */
function connectBytes(protocolName: string, level: number, clientId = 'c'): Buffer {
  const name = Buffer.from(protocolName);
  const id = Buffer.from(clientId);
  const body = Buffer.concat([Buffer.from([0, name.length]), name, Buffer.from([level, 0x02, 0, 0, 0, id.length]), id]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}

/** What is still reachable, on the heap and in buffers. */
function memoryBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
