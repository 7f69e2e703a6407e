import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessChange, DeviceAccount } from '../access/access.ts';
import type { AccessSettings } from '../access/access-setup.ts';
import { ConfiguredAccess } from '../access/configured-access.ts';
import { generatedSecretCost, hashSecret } from '../access/secrets.ts';
import { testSettings } from '../access/testing/access-settings.ts';
import { TestAccounts, testAccount, testCertificate, testCredential } from '../access/testing/test-accounts.ts';
import { Verifier, verificationLimits } from '../access/verifier.ts';
import type { ConsumerSource } from '../message.ts';
import type { ConnectPacket } from '../mqtt/codec/packets.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import { SimulatedClock } from '../std/clock.ts';
import { silentLog } from '../std/log.ts';
import { type RightsHolder, RightsWatch, type RightsWatchParts } from './rights-watch.ts';
import { BrokerFixture, openAccess } from './testing/broker-fixture.ts';
import { answered, type MemoryClient } from './testing/memory-client.ts';
import { OneQueue } from './testing/one-queue.ts';
import { publishAcknowledged, taken } from './testing/shared-members.ts';

interface Row {
  hash: string | undefined;
  deviceType: string;
  retired: boolean;
}

const nothing: AccessSettings = { ...testSettings, anonymous: 'never' };

const ann = { name: 'ann', password: 'secret', admin: false, rules: [{ action: 'all', filter: 'a/#' }] } as const;
const bob = { name: 'bob', password: 'secret', admin: false, rules: [{ action: 'all', filter: '#' }] } as const;

function setUp(settings: Partial<AccessSettings> = {}, sources: ConsumerSource[] = [], verifier?: Verifier) {
  const accounts = new TestAccounts();
  const access = new ConfiguredAccess({
    ...nothing,
    ...settings,
    accounts,
    clock: new SimulatedClock(),
    log: silentLog,
    verifier,
  });
  const fixture = new BrokerFixture({ access, sources, limits: { sessionsMax: 2_000, sessionMessagesMax: 3_000 } });
  const configure = async (next: Partial<AccessSettings>): Promise<void> => {
    access.reconfigure({ ...nothing, ...next });
    await settled();
  };
  const put = async (id: string, row: Row | undefined): Promise<void> => {
    if (row === undefined) accounts.known.delete(id);
    else accounts.put(accountOf(id, row));
    access.deviceChanged(id);
    await settled();
  };
  return { access, fixture, configure, put };
}

function accountOf(id: string, { hash, ...about }: Row): DeviceAccount {
  return testAccount({ id, ...about, credentials: hash === undefined ? [] : [testCredential('password', hash)] });
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await answered();
}

const as = (username: string, more: Partial<ConnectPacket> = {}): Partial<ConnectPacket> => ({
  username,
  password: Buffer.from('secret'),
  ...more,
});

/** For logins that derive a hash. */
async function connectSlowly(
  fixture: BrokerFixture,
  clientId: string,
  connect: Partial<ConnectPacket>,
): Promise<MemoryClient> {
  const client = fixture.open();
  await client.connect({ clientId, ...connect });
  while (client.waiting().length === 0) await answered();
  assert.equal(client.take(PacketType.connack).reasonCode, 0);
  return client;
}

function ended(client: MemoryClient, reasonCode: number): void {
  assert.equal(client.take(PacketType.disconnect).reasonCode, reasonCode);
  assert.equal(client.ended, true);
}

test('a user who is removed, or whose password changes, is disconnected with 0x87; others stay', async () => {
  const { fixture, configure } = setUp({ users: [ann, bob] });
  const anns = await fixture.connect('c1', as('ann'));
  const bobs = await fixture.connect('c2', as('bob'));
  await configure({ users: [{ ...ann, password: 'another' }, bob] });
  ended(anns, 0x87);
  assert.equal(bobs.ended, false);
  await configure({ users: [] });
  ended(bobs, 0x87);
  assert.equal(fixture.broker.counters.rightsLost, 2);
});

test('a client of MQTT 3.1.1 that lost its right is just closed', async () => {
  const { fixture, configure } = setUp({ users: [ann] });
  const client = await fixture.connect('c1', as('ann', { version: 4 }));
  await configure({});
  assert.equal(client.ended, true);
  assert.deepEqual(client.waiting(), []);
});

test('who would be somebody else now does not go on in a session that is not theirs', async () => {
  const { fixture, configure, put } = setUp({ users: [ann] });
  const certificate = testCertificate('ann');
  const listener = { access: { listener: 'tls', certificateIdentity: 'commonName' as const } };
  const client = fixture.open(5, '192.0.2.1', { certificate, listener });
  await client.connect({ clientId: 'c' });
  await settled();
  assert.equal(client.take(PacketType.connack).reasonCode, 0);
  await put('ann', { hash: undefined, deviceType: 'thermostat', retired: false });
  assert.equal(client.ended, false);
  await configure({ users: [ann] });
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x87);
  assert.equal(client.ended, true);
});

test('what changes nothing for a client leaves it connected', async () => {
  const { fixture, configure } = setUp({ users: [ann] });
  const client = await fixture.connect('c1', as('ann'));
  client.subscribe('a/1');
  await configure({ users: [{ ...ann }, bob] });
  client.publish('a/1', 'still here');
  assert.equal(client.takePublish().payload, 'still here');
});

test('what may be published is decided anew, also under a topic alias', async () => {
  const { fixture, configure } = setUp({ users: [ann] });
  const client = await fixture.connect('c1', as('ann'));
  const publish = (topic: string, alias?: number): number => {
    client.publish(topic, 'x', { qos: 1, properties: alias === undefined ? undefined : { topicAlias: alias } });
    return client.take(PacketType.puback).reasonCode;
  };
  assert.equal(publish('a/1', 1), 0x10);
  assert.equal(publish('', 1), 0x10);
  await configure({ users: [{ ...ann, rules: [{ action: 'publish', filter: 'a/2' }] }] });
  assert.equal(publish('', 1), 0x87);
  assert.equal(publish('a/1'), 0x87);
  assert.equal(publish('a/2'), 0x10);
  await configure({ users: [ann] });
  assert.equal(publish('', 1), 0x10);
});

test('a client that may not read any more what it subscribed to is disconnected, and its session is without it', async () => {
  const { fixture, configure } = setUp({ users: [ann] });
  const kept = { cleanStart: false, properties: { sessionExpiryInterval: 100, requestProblemInformation: 1 } } as const;
  const client = await fixture.connect('c1', as('ann', kept));
  await client.subscribed('a/1');
  await client.subscribed('a/2');
  await configure({ users: [ann], rules: [{ effect: 'deny', action: 'subscribe', filter: 'a/1' }] });
  const disconnect = client.take(PacketType.disconnect);
  assert.equal(disconnect.reasonCode, 0x87);
  assert.match(disconnect.properties?.reasonString ?? '', /"a\/1"/);
  const again = await fixture.connect('c1', as('ann', kept));
  assert.equal(await again.subscribed('a/1'), 0x87);
  again.publish('a/1', 'not for me');
  again.publish('a/2', 'for me');
  assert.equal(again.takePublish().payload, 'for me');
  assert.deepEqual(again.waiting(), []);
});

const deniedA1 = { effect: 'deny', action: 'subscribe', filter: 'a/1' } as const;
const keptAsAnn = as('ann', { cleanStart: false, properties: { sessionExpiryInterval: 100 } });

test('what waited for a client that may not read its topic any more stays back when it is back, and is counted', async () => {
  const { fixture, configure } = setUp({ users: [ann, bob] });
  const client = await fixture.connect('c1', keptAsAnn);
  for (const filter of ['a/1', 'a/2']) assert.equal(await client.subscribed(filter, { qos: 1 }), 1);
  client.cut();
  const publisher = await fixture.connect('p', as('bob'));
  for (const topic of ['a/1', 'a/2', 'a/1']) publishAcknowledged(publisher, topic, topic);
  await configure({ users: [ann, bob], rules: [deniedA1] });
  const again = await fixture.connect('c1', keptAsAnn);
  assert.deepEqual(taken(again), ['a/2']);
  assert.equal(fixture.broker.counters.dropped.not_allowed, 2);
  await configure({ users: [ann, bob] });
  again.cut();
  assert.deepEqual(taken(await fixture.connect('c1', keptAsAnn)), ['a/2']);
});

test('a long backlog that stays back is gone through in turns', async () => {
  const { fixture, configure } = setUp({ users: [ann, bob] });
  const client = await fixture.connect('c1', keptAsAnn);
  assert.equal(await client.subscribed('a/1', { qos: 1 }), 1);
  client.cut();
  const publisher = await fixture.connect('p', as('bob'));
  for (let n = 0; n < 3_000; n++) publishAcknowledged(publisher, 'a/1', 'x');
  await configure({ users: [ann, bob], rules: [deniedA1] });
  const { dropped } = fixture.broker.counters;
  const back = fixture.connect('c1', keptAsAnn);
  let most = 0;
  for (let before = 0; before < 3_000; before = dropped.not_allowed) {
    await new Promise(setImmediate);
    most = Math.max(most, dropped.not_allowed - before);
  }
  await back;
  assert.ok(most < 2_500, `${most} in one turn`);
});

test('what such a client was sent and did not acknowledge comes again all the same [MQTT-4.4.0-1]', async () => {
  const { fixture, configure } = setUp({ users: [ann, bob] });
  const client = await fixture.connect('c1', keptAsAnn);
  assert.equal(await client.subscribed('a/1', { qos: 1 }), 1);
  publishAcknowledged(await fixture.connect('p', as('bob')), 'a/1', 'begun');
  assert.equal(client.takePublish().payload, 'begun');
  client.cut();
  await configure({ users: [ann, bob], rules: [deniedA1] });
  assert.equal((await fixture.connect('c1', keptAsAnn)).takePublish().dup, true);
});

test('what waited for a member of a group that may not read it any more goes to another member', async () => {
  const { fixture, configure } = setUp({ users: [ann, bob] });
  const client = await fixture.connect('c1', keptAsAnn);
  assert.equal(await client.subscribed('$share/g/a/1', { qos: 1 }), 1);
  client.cut();
  publishAcknowledged(await fixture.connect('p', as('bob')), 'a/1', 'for a member');
  await configure({ users: [ann, bob], rules: [{ ...deniedA1, users: ['ann'] }] });
  const other = await fixture.connect('c2', as('bob'));
  assert.equal(other.subscribe('$share/g/a/1', { qos: 1 }), 1);
  assert.deepEqual(taken(await fixture.connect('c1', keptAsAnn)), []);
  assert.deepEqual(taken(other), ['for a member']);
});

test('what stays back of a group without another member is counted as what may not be read, since no session ended', async () => {
  const { fixture, configure } = setUp({ users: [ann, bob] });
  const client = await fixture.connect('c1', keptAsAnn);
  assert.equal(await client.subscribed('$share/g/a/1', { qos: 1 }), 1);
  client.cut();
  publishAcknowledged(await fixture.connect('p', as('bob')), 'a/1', 'waits');
  await configure({ users: [ann, bob], rules: [deniedA1] });
  assert.deepEqual(taken(await fixture.connect('c1', keptAsAnn)), []);
  const { not_allowed, session_ended } = fixture.broker.counters.dropped;
  assert.deepEqual({ not_allowed, session_ended }, { not_allowed: 1, session_ended: 0 });
});

test('a client that may not read the filters of its queue any more is disconnected, and the lease goes back', async () => {
  let stopped = 0;
  const source: ConsumerSource = {
    claims: (filter) => filter.startsWith('$queue/'),
    resolve: async () => ({ queue: 'jobs', filters: ['work/#'] }),
    consume: async () => ({ setCredit: () => undefined, open: () => undefined, stop: () => stopped++ }),
    onFeedingChanged: () => undefined,
  };
  const rule = (filter: string) => ({ action: 'subscribe', filter }) as const;
  const consumer = { ...ann, rules: [rule('$queue/jobs'), rule('work/#')] };
  const { fixture, configure } = setUp({ users: [consumer] }, [source]);
  const client = await fixture.connect('c1', as('ann'));
  assert.equal(await client.subscribed('$queue/jobs', { qos: 1 }), 1);
  await configure({ users: [{ ...consumer, rules: [rule('$queue/jobs'), rule('work/a')] }] });
  ended(client, 0x87);
  assert.equal(stopped, 1);
});

test('a consumer is disconnected when more feeds its queue than it may read, and its lease goes back', async () => {
  const queue = new OneQueue();
  const rule = (filter: string) => ({ action: 'subscribe', filter }) as const;
  const narrow = { ...ann, rules: [rule('$queue/jobs'), rule('work/#')] };
  const wide = { ...bob, rules: [rule('$queue/jobs'), rule('#')] };
  const { fixture } = setUp({ users: [narrow, wide] }, [queue]);
  const both = [await fixture.connect('c1', as('ann')), await fixture.connect('c2', as('bob'))];
  for (const client of both) assert.equal(await client.subscribed('$queue/jobs', { qos: 1 }), 1);
  queue.feedBy('work/#', 'work/more');
  await settled();
  assert.deepEqual([both[0].ended, both[1].ended], [false, false]);
  queue.feedBy('work/#', 'secret/#');
  await settled();
  ended(both[0], 0x87);
  assert.equal(both[1].ended, false);
});

test('bindings that widen while a queue is being opened refuse it', async () => {
  const queue = new OneQueue();
  const rule = (filter: string) => ({ action: 'subscribe', filter }) as const;
  const { fixture } = setUp({ users: [{ ...ann, rules: [rule('$queue/jobs'), rule('work/#')] }] }, [queue]);
  const client = await fixture.connect('c1', as('ann'));
  queue.onConsumed = () => queue.feedBy('work/#', 'secret/#');
  assert.equal(await client.subscribed('$queue/jobs', { qos: 1 }), 0x87);
  assert.equal(queue.stopped, true);
  assert.equal(client.ended, false);
});

for (const [what, change] of [
  ['gets another password', { hash: 'another', deviceType: 'meter', retired: false }],
  ['loses its password', { hash: undefined, deviceType: 'meter', retired: false }],
  ['is retired', 'retire'],
  ['is removed', undefined],
] as const) {
  test(`a device that ${what} is disconnected at once, and no other`, async () => {
    const { fixture, put } = setUp();
    const hash = await hashSecret('secret', generatedSecretCost);
    const row = { hash, deviceType: 'meter', retired: false };
    await put('d1', row);
    await put('d2', row);
    const [d1, d2] = [await connectSlowly(fixture, 'd1', as('d1')), await connectSlowly(fixture, 'd2', as('d2'))];
    await put('d1', row);
    assert.equal(d1.ended, false);
    await put('d1', change === 'retire' ? { ...row, retired: true } : change);
    ended(d1, 0x87);
    assert.equal(d2.ended, false);
  });
}

test('a client that is revoked does not speak through its will; one that only lost a subscription does', async () => {
  const { fixture, configure } = setUp({ users: [ann, bob] });
  const listener = await fixture.connect('listener', as('bob'));
  listener.subscribe('#');
  const will = { topic: 'a/gone', payload: Buffer.from('gone'), qos: 0, retain: false, properties: undefined } as const;
  const revoked = await fixture.connect('c1', as('ann', { will }));
  await configure({ users: [bob] });
  ended(revoked, 0x87);
  assert.deepEqual(listener.waiting(), []);
  await configure({ users: [ann, bob] });
  const narrowed = await fixture.connect('c1', as('ann', { will }));
  narrowed.subscribe('a/1');
  await configure({ users: [{ ...ann, rules: [{ action: 'publish', filter: '#' }] }, bob] });
  ended(narrowed, 0x87);
  assert.equal(listener.takePublish().topic, 'a/gone');
  await configure({ users: [ann, bob] });
  const silenced = await fixture.connect('c1', as('ann', { will }));
  await configure({ users: [{ ...ann, rules: [{ action: 'publish', filter: 'b' }] }, bob] });
  silenced.cut();
  assert.deepEqual(listener.waiting(), []);
  assert.equal(fixture.broker.counters.publishesRefused, 2);
});

test('a change while a client logs in counts when it is in', async () => {
  let finish: (right: boolean) => void = () => undefined;
  const slow = (): Promise<boolean> => new Promise((resolve) => (finish = resolve));
  const verifier = new Verifier(new SimulatedClock(), verificationLimits, slow);
  const { fixture, put } = setUp({}, [], verifier);
  await put('d1', { hash: 'old', deviceType: 'meter', retired: false });
  const client = fixture.open();
  await client.connect(as('d1', { clientId: 'd1' }));
  await put('d1', { hash: 'new', deviceType: 'meter', retired: false });
  finish(true);
  await settled();
  assert.equal(client.take(PacketType.connack).reasonCode, 0);
  ended(client, 0x87);
});

test('a connection ends when what it came in with expires', async () => {
  const clock = new SimulatedClock();
  const expiresAt = clock.now() + 60_000;
  const access = openAccess({
    authenticate: ({ username }) =>
      Promise.resolve({
        kind: 'user',
        name: username ?? '',
        rules: [],
        admin: true,
        ...(username === 'short' && { expiresAt }),
      }),
  });
  const fixture = new BrokerFixture({ access });
  const short = await fixture.connect('c1', { username: 'short' });
  const long = await fixture.connect('c2', { username: 'long' });
  const gone = await fixture.connect('c3', { username: 'short' });
  gone.cut();
  fixture.clock.advance(59_999);
  assert.equal(short.ended, false);
  fixture.clock.advance(1);
  ended(short, 0x87);
  assert.equal(long.ended, false);
});

test('more connections than are looked at in one turn are all looked at', async () => {
  const { fixture, configure } = setUp({ users: [ann, bob] });
  const clients: MemoryClient[] = [];
  for (let at = 0; at < 1_100; at++) clients.push(await fixture.connect(`c${at}`, as(at % 2 === 0 ? 'ann' : 'bob')));
  await configure({ users: [bob] });
  assert.deepEqual(
    clients.map((client) => client.ended),
    clients.map((_, at) => at % 2 === 0),
  );
});

test('settings that cannot be change nothing', async () => {
  const { fixture, access } = setUp({ users: [ann] });
  const client = await fixture.connect('c1', as('ann'));
  assert.throws(() => access.reconfigure({ ...nothing, users: [bob, bob] }), /given twice/);
  await settled();
  assert.equal(client.ended, false);
  await fixture.connect('c2', as('ann'));
});

test('the change of a device is nothing to the connections of others, however many there are', async () => {
  let changed: (change: AccessChange) => void = () => undefined;
  const examined: string[] = [];
  const access = openAccess({
    onChanged: (listener) => {
      changed = listener;
    },
    reexamine: async (identity) => {
      examined.push(identity.name);
      return identity;
    },
  });
  const counters = { rightsLost: 0, publishesRefused: 0 };
  const watch = new RightsWatch({
    access,
    sources: [],
    counters,
    presence: () => undefined,
    log: silentLog,
  } as unknown as RightsWatchParts);
  let looks = 0;
  const holderOf = (name: string): RightsHolder => {
    const identity = { kind: 'device', name };
    return {
      get identity() {
        looks++;
        return identity;
      },
      session: { owner: `device:${name}`, clientId: name, subscriptions: new Map() },
      transport: { peer: { remoteAddress: '', listener: { access: { listener: 'main' } } } },
      queueSubscriptions: new Map(),
      adopt: () => undefined,
      disconnect: () => undefined,
    } as unknown as RightsHolder;
  };
  const holders = Array.from({ length: 1_000 }, (_, n) => holderOf(`d${n % 500}`));
  for (const holder of holders) watch.watch(holder, watch.version);
  watch.forget(holders[7]);
  looks = 0;
  changed({ kind: 'device', id: 'd7' });
  await settled();
  assert.deepEqual(examined, ['d7']);
  assert.ok(looks < 20, `${looks}`);
  for (const holder of holders) watch.forget(holder);
  changed({ kind: 'device', id: 'd8' });
  await settled();
  assert.equal(examined.length, 1);
});
