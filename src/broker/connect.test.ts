import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import { answered, BrokerFixture, openAccess } from './testing/memory-client.ts';

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

test('wrong credentials are refused with the reason of the version', async () => {
  const access = openAccess({
    authenticate: () => Promise.reject(new SluiceError('unauthenticated', 'Wrong password')),
  });
  const v5 = new BrokerFixture({ access }).open(5);
  await v5.connect({});
  assert.equal(v5.take(PacketType.connack).reasonCode, 0x86);
  assert.equal(v5.ended, true);
  const v4 = new BrokerFixture({ access }).open(4);
  await v4.connect({});
  assert.equal(v4.take(PacketType.connack).reasonCode, 0x04);
  assert.equal(v4.ended, true);
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

test('a protocol level that is not spoken is answered with return code 1 [MQTT-3.1.2-2]', () => {
  const client = new BrokerFixture().open(4);
  client.sendBytes(Buffer.from('100d00044d51545409020000000161', 'hex').fill(0x0d, 1, 2));
  assert.equal(client.take(PacketType.connack).reasonCode, 0x01);
  assert.equal(client.ended, true);
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
    assert.equal(client.take(PacketType.connack).reasonCode, 0x90);
  }
});
