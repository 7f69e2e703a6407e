import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationExchange, Identity } from '../access/access.ts';
import { ConfiguredAccess } from '../access/configured-access.ts';
import { testSettings } from '../access/testing/access-settings.ts';
import { ScramClient } from '../access/testing/scram-client.ts';
import { TestAccounts } from '../access/testing/test-accounts.ts';
import type { AuthPacket, ConnackPacket, ConnectPacket } from '../mqtt/codec/packets.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import { SimulatedClock } from '../std/clock.ts';
import { silentLog } from '../std/log.ts';
import { BrokerFixture, openAccess } from './testing/broker-fixture.ts';
import { answered, type MemoryClient } from './testing/memory-client.ts';

const method = 'SCRAM-SHA-256';
const user = (name: string) =>
  ({ name, password: `${name}-secret`, admin: false, rules: [{ action: 'all', filter: '#' }] }) as const;

function setUp() {
  const access = new ConfiguredAccess({
    ...testSettings,
    users: [user('ann'), user('bob')],
    accounts: new TestAccounts(),
    clock: new SimulatedClock(),
    log: silentLog,
  });
  return { access, fixture: new BrokerFixture({ access }) };
}

function begin(client: MemoryClient, data: Buffer | undefined, connect: Partial<ConnectPacket> = {}): Promise<void> {
  const properties = { ...connect.properties, authenticationMethod: method, authenticationData: data };
  return client.connect({ clientId: 'c', ...connect, properties });
}

function auth(client: MemoryClient, reasonCode: number, data?: Buffer, authenticationMethod = method): void {
  const properties = { authenticationMethod, ...(data !== undefined && { authenticationData: data }) };
  client.send({ type: PacketType.auth, reasonCode, properties });
}

/** Deriving from a plain password takes a thread a moment. */
async function received(client: MemoryClient): Promise<void> {
  while (client.waiting().length === 0) await answered();
}

async function challengeOf(client: MemoryClient): Promise<Buffer> {
  await received(client);
  const packet: AuthPacket = client.take(PacketType.auth);
  assert.equal(packet.reasonCode, 0x18);
  assert.equal(packet.properties?.authenticationMethod, method);
  return packet.properties?.authenticationData as Buffer;
}

/** Logs in with SCRAM; answers what the server said last. */
async function login(
  client: MemoryClient,
  scram: ScramClient,
  connect: Partial<ConnectPacket> = {},
): Promise<ConnackPacket> {
  await begin(client, scram.first(), connect);
  auth(client, 0x18, scram.final(await challengeOf(client)));
  await received(client);
  return client.take(PacketType.connack);
}

async function connected(fixture: BrokerFixture, connect: Partial<ConnectPacket> = {}): Promise<MemoryClient> {
  const client = fixture.open(5);
  const connack = await login(client, new ScramClient('ann', 'ann-secret'), connect);
  assert.equal(connack.reasonCode, 0);
  return client;
}

test('SCRAM: AUTH asks for the proof, and CONNACK brings the method and the proof of the server [MQTT-4.12.0-2, 4.12.0-5]', async () => {
  const { fixture } = setUp();
  const client = fixture.open(5);
  const scram = new ScramClient('ann', 'ann-secret');
  const connack = await login(client, scram);
  assert.equal(connack.reasonCode, 0);
  assert.equal(connack.properties?.authenticationMethod, method);
  scram.check(connack.properties?.authenticationData);
  client.subscribe('t');
  client.publish('t', 'as usual');
  assert.equal(client.takePublish().payload, 'as usual');
  assert.equal(client.paused, false);
});

test('a client may name the method and begin when it is asked to', async () => {
  const { fixture } = setUp();
  const client = fixture.open(5);
  const scram = new ScramClient('ann', 'ann-secret');
  await begin(client, undefined);
  assert.equal(await challengeOf(client), undefined);
  auth(client, 0x18, scram.first());
  auth(client, 0x18, scram.final(await challengeOf(client)));
  await received(client);
  assert.equal(client.take(PacketType.connack).reasonCode, 0);
});

test('a wrong proof, or one for nobody, is refused and the connection closed [MQTT-4.12.0-4]', async () => {
  for (const scram of [new ScramClient('ann', 'guess'), new ScramClient('nobody', 'guess')]) {
    const { fixture } = setUp();
    const client = fixture.open(5);
    assert.equal((await login(client, scram)).reasonCode, 0x87);
    assert.equal(client.ended, true);
  }
});

test('a method that is not known is refused with 0x8C [MQTT-4.12.0-1]', async () => {
  const { fixture } = setUp();
  const client = fixture.open(5);
  await client.connect({ clientId: 'c', properties: { authenticationMethod: 'GS2-KRB5' } });
  const connack = client.take(PacketType.connack);
  assert.equal(connack.reasonCode, 0x8c);
  assert.equal(connack.properties?.authenticationMethod, undefined);
  assert.equal(client.ended, true);
});

test('without a method in CONNECT there is none in CONNACK, and AUTH breaks the protocol [MQTT-4.12.0-6, 4.12.0-7]', async () => {
  const client = await new BrokerFixture().connect('c');
  auth(client, 0x19);
  await received(client);
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x82);
  assert.equal(client.ended, true);
});

test('before CONNACK a client that named a method sends AUTH and DISCONNECT, and nothing else [MQTT-3.1.2-30]', async () => {
  for (const packet of ['c000', '320700017400010061', '820700010000017400']) {
    const { fixture } = setUp();
    const client = fixture.open(5);
    await begin(client, new ScramClient('ann', 'x').first());
    await challengeOf(client);
    client.sendBytes(Buffer.from(packet, 'hex'));
    assert.equal(client.take(PacketType.connack).reasonCode, 0x82);
    assert.equal(client.ended, true);
  }
});

test('also behind CONNECT itself, while the server looks at it', async () => {
  const { fixture } = setUp();
  const client = fixture.open(5);
  const connecting = begin(client, new ScramClient('ann', 'x').first());
  client.sendBytes(Buffer.from('c000', 'hex'));
  await connecting;
  await challengeOf(client);
  assert.equal(client.take(PacketType.connack).reasonCode, 0x82);
  assert.equal(client.ended, true);
});

test('a client may leave in the middle of it', async () => {
  const { fixture } = setUp();
  const client = fixture.open(5);
  await begin(client, new ScramClient('ann', 'x').first());
  await challengeOf(client);
  client.send({ type: PacketType.disconnect, reasonCode: 0, properties: undefined });
  assert.equal(client.ended, true);
  assert.deepEqual(client.waiting(), []);
  assert.equal(fixture.broker.levels().sessions, 0);
});

test('AUTH with another method, or a reason code that is not due, breaks the protocol', async () => {
  const wrong: ((client: MemoryClient) => void)[] = [
    (client) => auth(client, 0x18, Buffer.from('x'), 'PLAIN'),
    (client) => auth(client, 0x00, Buffer.from('x')),
    (client) => auth(client, 0x19, Buffer.from('x')),
    (client) => client.send({ type: PacketType.auth, reasonCode: 0x18, properties: undefined }),
  ];
  for (const send of wrong) {
    const { fixture } = setUp();
    const client = fixture.open(5);
    await begin(client, new ScramClient('ann', 'x').first());
    await challengeOf(client);
    send(client);
    await received(client);
    assert.equal(client.take(PacketType.connack).reasonCode, 0x82);
    assert.equal(client.ended, true);
  }
});

test('who never answers is closed when the time for CONNECT is over', async () => {
  const { fixture } = setUp();
  const client = fixture.open(5);
  await begin(client, new ScramClient('ann', 'x').first());
  await challengeOf(client);
  fixture.clock.advance(9_999);
  assert.equal(client.ended, false);
  fixture.clock.advance(1);
  assert.equal(client.ended, true);
});

test('a client that is connected proves who it is anew, while everything else goes on [MQTT-4.12.1-1]', async () => {
  const { fixture } = setUp();
  const client = await connected(fixture);
  client.subscribe('t');
  const scram = new ScramClient('ann', 'ann-secret');
  auth(client, 0x19, scram.first());
  const challenge = await challengeOf(client);
  client.publish('t', 'meanwhile');
  assert.equal(client.takePublish().payload, 'meanwhile');
  auth(client, 0x18, scram.final(challenge));
  await received(client);
  const last = client.take(PacketType.auth);
  assert.equal(last.reasonCode, 0);
  assert.equal(last.properties?.authenticationMethod, method);
  scram.check(last.properties?.authenticationData);
  client.publish('t', 'afterwards');
  assert.equal(client.takePublish().payload, 'afterwards');
});

test('who fails to prove it anew, or turns out to be another one, is disconnected [MQTT-4.12.1-2]', async () => {
  for (const scram of [new ScramClient('ann', 'guess'), new ScramClient('bob', 'bob-secret')]) {
    const { fixture } = setUp();
    const client = await connected(fixture);
    auth(client, 0x19, scram.first());
    auth(client, 0x18, scram.final(await challengeOf(client)));
    await received(client);
    assert.equal(client.take(PacketType.disconnect).reasonCode, 0x87);
    assert.equal(client.ended, true);
  }
});

test('a second AUTH before the first is answered, or an answer that nobody asked for, breaks the protocol', async () => {
  const wrong: ((client: MemoryClient) => void)[] = [
    (client) => auth(client, 0x18, Buffer.from('x')),
    (client) => {
      auth(client, 0x19, new ScramClient('ann', 'x').first());
      auth(client, 0x19, new ScramClient('ann', 'x').first());
    },
    (client) => {
      auth(client, 0x19, new ScramClient('ann', 'x').first());
      auth(client, 0x18, Buffer.from('x'));
    },
  ];
  for (const send of wrong) {
    const { fixture } = setUp();
    const client = await connected(fixture);
    send(client);
    await received(client);
    assert.equal(client.take(PacketType.disconnect).reasonCode, 0x82);
    assert.equal(client.ended, true);
  }
});

test('a login anew moves the time at which the connection ends', async () => {
  const clock = new SimulatedClock();
  let seconds = 60;
  const exchange: AuthenticationExchange = {
    step: async () => {
      const expiresAt = clock.now() + seconds * 1000;
      return {
        data: undefined,
        identity: { kind: 'user', name: 'ann', rules: [], admin: true, expiresAt } as Identity,
      };
    },
  };
  const fixture = new BrokerFixture({ access: openAccess({ beginExchange: () => exchange }) });
  const client = fixture.open(5);
  await begin(client, undefined);
  client.take(PacketType.connack);
  seconds = 100;
  auth(client, 0x19);
  await received(client);
  assert.equal(client.take(PacketType.auth).reasonCode, 0);
  fixture.clock.advance(99_999);
  assert.equal(client.ended, false);
  fixture.clock.advance(1);
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x87);
});

test('a user whose password changes is disconnected, whichever way it came in', async () => {
  const { access, fixture } = setUp();
  const client = await connected(fixture);
  access.reconfigure({ ...testSettings, users: [{ ...user('ann'), password: 'another' }] });
  await received(client);
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x87);
});
