import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../errors.ts';
import { type ConnectPacket, PacketType } from '../../mqtt/codec/packets.ts';
import type { BrokerLimits } from '../limits.ts';
import { BrokerFixture, openAccess, testLimits } from '../testing/broker-fixture.ts';
import { answered } from '../testing/memory-client.ts';

const elsewhere = '192.0.2.7';

/** A broker that knows one password, and counts how often it is asked. */
class GuardedBroker extends BrokerFixture {
  logins = 0;

  constructor(limits: Partial<BrokerLimits> = {}) {
    const access = openAccess({
      authenticate: async ({ username, password }) => {
        this.logins++;
        if (password?.toString() === 'down') throw new SluiceError('unavailable', 'The authenticator is away');
        if (password?.toString() !== 'right') throw new SluiceError('unauthenticated', 'Wrong');
        return { kind: 'user', name: username ?? '', rules: [], admin: false };
      },
    });
    super({ access, limits });
  }

  /** The reason code of the CONNACK. */
  async login(
    username: string,
    password: string,
    { from = elsewhere, ...connect }: Partial<ConnectPacket> & { from?: string } = {},
  ): Promise<number> {
    const client = this.open(connect.version ?? 5, from);
    await client.connect({ clientId: username.slice(0, 20), username, password: Buffer.from(password), ...connect });
    const { reasonCode } = client.take(PacketType.connack);
    client.cut();
    return reasonCode;
  }

  async fail(times: number, username = 'ann', from = elsewhere): Promise<void> {
    for (let i = 0; i < times; i++) assert.equal(await this.login(username, 'wrong', { from }), 0x87);
  }
}

const { failedLoginsMax, failedLoginsPerAddressMax, malformedMax, connectsPerClientMax, seconds, windowSeconds } =
  testLimits.ban;

test('a user name that fails to log in too often is banned at its address, before anything is hashed', async () => {
  const fixture = new GuardedBroker();
  await fixture.fail(failedLoginsMax);
  const { logins } = fixture;
  assert.equal(await fixture.login('ann', 'right'), 0x8a);
  assert.equal(await fixture.login('ann', 'right', { version: 4 }), 5);
  assert.equal(fixture.logins, logins);
  assert.deepEqual(
    fixture.broker.bans.list().map(({ kind, address, name, reason }) => ({ kind, address, name, reason })),
    [{ kind: 'user', address: elsewhere, name: 'ann', reason: '3 failed logins' }],
  );
  assert.equal(fixture.broker.counters.connectBanned, 2);
  assert.equal(fixture.broker.counters.bansMade, 1);
});

test('where CONNECT holds no user name its client id is banned at its address, and the address is not', async () => {
  const fixture = new GuardedBroker();
  const anonymous = { username: undefined, clientId: 'c' };
  for (let i = 0; i < failedLoginsMax; i++) assert.equal(await fixture.login('', 'wrong', anonymous), 0x87);
  assert.equal(await fixture.login('', 'right', anonymous), 0x8a);
  assert.equal(await fixture.login('', 'right', { username: undefined, clientId: 'd' }), 0);
  assert.equal(fixture.broker.isBanned(elsewhere), false);
});

test('nobody else is hurt: another user at the address, and the same user elsewhere', async () => {
  const fixture = new GuardedBroker();
  await fixture.fail(failedLoginsMax);
  assert.equal(await fixture.login('bob', 'right'), 0);
  assert.equal(await fixture.login('ann', 'right', { from: '192.0.2.8' }), 0);
});

test('a ban ends by the clock', async () => {
  const fixture = new GuardedBroker();
  await fixture.fail(failedLoginsMax);
  fixture.clock.advance(seconds * 1000 - 1);
  assert.equal(await fixture.login('ann', 'right'), 0x8a);
  fixture.clock.advance(1);
  assert.equal(fixture.broker.levels().bans, 0);
  assert.equal(await fixture.login('ann', 'right'), 0);
});

test('a ban that is lifted holds no more', async () => {
  const fixture = new GuardedBroker();
  await fixture.fail(failedLoginsMax);
  const [{ id }] = fixture.broker.bans.list();
  assert.equal(fixture.broker.bans.lift(id), true);
  assert.equal(fixture.broker.bans.lift(id), false);
  assert.equal(await fixture.login('ann', 'right'), 0);
});

test('failures that are spread over time are forgiven', async () => {
  const fixture = new GuardedBroker();
  await fixture.fail(failedLoginsMax - 1);
  fixture.clock.advance(windowSeconds * 1000);
  await fixture.fail(failedLoginsMax - 1);
  assert.equal(await fixture.login('ann', 'right'), 0);
});

test('an address that tries many user names is banned', async () => {
  const fixture = new GuardedBroker();
  for (let i = 0; i < failedLoginsPerAddressMax; i++) await fixture.fail(1, `user-${i}`);
  assert.equal(await fixture.login('bob', 'right'), 0x8a);
  assert.equal(fixture.broker.isBanned(elsewhere), true);
  assert.equal(await fixture.login('bob', 'right', { from: '192.0.2.8' }), 0);
});

test('an IPv6 address stands for its /64', async () => {
  const fixture = new GuardedBroker();
  for (let i = 0; i < failedLoginsPerAddressMax; i++) await fixture.fail(1, `user-${i}`, `2001:db8::${i + 1}`);
  assert.equal(await fixture.login('bob', 'right', { from: '2001:db8::ffff' }), 0x8a);
  assert.equal(await fixture.login('bob', 'right', { from: '2001:db8:0:1::1' }), 0);
});

test('an address that does not begin with CONNECT, again and again, is banned', async () => {
  const fixture = new GuardedBroker();
  for (let i = 0; i < malformedMax; i++) {
    fixture.open(5, elsewhere).sendBytes(Buffer.from([PacketType.pingreq << 4, 0]));
  }
  assert.equal(await fixture.login('bob', 'right'), 0x8a);
});

test('a flapping client is banned at its address, and its address is not', async () => {
  const fixture = new GuardedBroker();
  for (let i = 0; i < connectsPerClientMax; i++) assert.equal(await fixture.login('ann', 'right'), 0);
  assert.equal(await fixture.login('ann', 'right'), 0x8a);
  assert.equal(await fixture.login('bob', 'right'), 0);
});

test('two clients that take each other over do not get one of them banned', async () => {
  const fixture = new GuardedBroker();
  for (let i = 0; i < 3 * connectsPerClientMax; i++) {
    const client = fixture.open(5, `192.0.2.${1 + (i % 2)}`);
    await client.connect({ clientId: 'ann', username: 'ann', password: Buffer.from('right') });
    assert.equal(client.take(PacketType.connack).reasonCode, 0);
  }
  assert.equal(fixture.broker.levels().bans, 0);
});

test("the server's own trouble bans nobody", async () => {
  const fixture = new GuardedBroker();
  for (let i = 0; i < failedLoginsPerAddressMax; i++) assert.equal(await fixture.login('ann', 'down'), 0x88);
  assert.equal(await fixture.login('ann', 'right'), 0);
});

test('nobody is banned from an exempt address, however it is spelt', async () => {
  const fixture = new GuardedBroker();
  await fixture.fail(failedLoginsPerAddressMax, 'ann', '127.0.0.1');
  await fixture.fail(failedLoginsPerAddressMax, 'ann', '::ffff:127.0.0.1');
  assert.equal(fixture.broker.levels().bans, 0);
});

test('a rule of 0 bans nobody', async () => {
  const fixture = new GuardedBroker({ ban: { ...testLimits.ban, failedLoginsMax: 0, failedLoginsPerAddressMax: 0 } });
  await fixture.fail(50);
  assert.equal(await fixture.login('ann', 'right'), 0);
});

test('bans are bounded: the one not met for longest makes room', async () => {
  const fixture = new GuardedBroker({ ban: { ...testLimits.ban, entriesMax: 2 } });
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) await fixture.fail(failedLoginsMax, 'ann', address);
  const banned = fixture.broker.bans.list().map(({ address }) => address);
  assert.deepEqual(banned, ['192.0.2.2', '192.0.2.3']);
  fixture.clock.advance(seconds * 1000);
  assert.equal(fixture.broker.levels().bans, 0);
});

test('of a long user name a bounded part is kept, and another long one is not mistaken for it', async () => {
  const fixture = new GuardedBroker();
  const long = 'a'.repeat(60_000);
  await fixture.fail(failedLoginsMax, `${long}1`);
  assert.equal(fixture.broker.bans.list()[0].name?.length, 128);
  assert.equal(await fixture.login(`${long}1`, 'right'), 0x8a);
  assert.equal(await fixture.login(`${long}2`, 'right'), 0);
});

test('CONNECT beyond the rate is refused before anything is hashed, and the next second takes more', async () => {
  const fixture = new GuardedBroker({ connectRateMax: 3 });
  for (let i = 0; i < 3; i++) assert.equal(await fixture.login(`u${i}`, 'right'), 0);
  assert.equal(await fixture.login('u4', 'right'), 0x9f);
  assert.equal(await fixture.login('u4', 'right', { version: 4 }), 3);
  assert.equal(fixture.logins, 3);
  assert.equal(fixture.broker.counters.connectRateExceeded, 2);
  fixture.clock.advance(1_000);
  assert.equal(await fixture.login('u4', 'right'), 0);
});

test('one address beyond its rate leaves the others theirs', async () => {
  const fixture = new GuardedBroker({ connectRatePerAddressMax: 2 });
  for (let i = 0; i < 2; i++) assert.equal(await fixture.login(`u${i}`, 'right'), 0);
  assert.equal(await fixture.login('u3', 'right'), 0x9f);
  assert.equal(await fixture.login('u3', 'right', { from: '192.0.2.8' }), 0);
});

test('a client that is refused is told, and its connection ends', async () => {
  const fixture = new GuardedBroker({ connectRateMax: 1 });
  await fixture.login('u1', 'right');
  const client = fixture.open(5, elsewhere);
  await client.connect({ clientId: 'u2', properties: { requestProblemInformation: 1 } });
  assert.match(client.take(PacketType.connack).properties?.reasonString ?? '', /more clients connect/);
  assert.equal(client.ended, true);
  await answered();
});
