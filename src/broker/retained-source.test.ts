import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AccessChange, AccessRule } from '../access/access.ts';
import type { AccessSettings } from '../access/access-setup.ts';
import { ConfiguredAccess } from '../access/configured-access.ts';
import { tokenDigest } from '../access/device-token.ts';
import { testSettings } from '../access/testing/access-settings.ts';
import { TestAccounts, testAccount, testCredential } from '../access/testing/test-accounts.ts';
import { encodeMessage } from '../message.ts';
import type { ConnectPacket } from '../mqtt/codec/packets.ts';
import { SimulatedClock } from '../std/clock.ts';
import { createLog, silentLog } from '../std/log.ts';
import { Environment } from '../storage/environment.ts';
import { GroupCommit } from '../storage/group-commit.ts';
import type { BrokerOptions } from './options.ts';
import { Publication } from './publication.ts';
import { decodeRetained, encodeRetained } from './retained-row.ts';
import { RetainedSources } from './retained-sources.ts';
import { RetainedTable } from './retained-table.ts';
import { Session } from './session.ts';
import { decodeSession, encodeSession } from './session-record.ts';
import { BrokerFixture, MemoryRetainedLog, openAccess } from './testing/broker-fixture.ts';
import { answered } from './testing/memory-client.ts';

const everything: AccessRule = { action: 'all', filter: '#' };
const onlyReads: AccessRule = { action: 'subscribe', filter: '#' };
const user = (name: string, ...rules: AccessRule[]) => ({ name, password: 'secret', admin: false, rules });
const reader = user('reader', everything);
const ann = user('ann', everything);

class World {
  readonly accounts = new TestAccounts();
  readonly access: ConfiguredAccess;
  readonly fixture: BrokerFixture;

  constructor(
    settings: Partial<AccessSettings>,
    options: Partial<BrokerOptions> = {},
    retainedLog = new MemoryRetainedLog(),
  ) {
    const { accounts } = this;
    this.access = new ConfiguredAccess({
      ...settingsOf(settings),
      accounts,
      clock: new SimulatedClock(),
      log: silentLog,
    });
    const limits = { retainedMessagesMax: 5_000 };
    this.fixture = new BrokerFixture({ access: this.access, options, limits, retainedLog });
  }

  configure(settings: Partial<AccessSettings>): void {
    this.access.reconfigure(settingsOf(settings));
  }

  async retain(username: string, topic: string, connect: Partial<ConnectPacket> = {}): Promise<void> {
    const publisher = await this.fixture.connect(`of ${username}`, as(username, connect));
    publisher.publish(topic, username, { retain: true });
    publisher.cut();
  }

  /** The payloads that greet a new subscription. */
  async greetings(filter = '#'): Promise<string[]> {
    const client = await this.fixture.connect('new', as('reader'));
    await client.subscribed(filter);
    const got: string[] = [];
    for (let count = client.waiting().length; count > 0; count = client.waiting().length) {
      for (let i = 0; i < count; i++) got.push(client.takePublish().payload);
      await answered();
    }
    client.cut();
    return got;
  }
}

function settingsOf(settings: Partial<AccessSettings>): AccessSettings {
  return { ...testSettings, anonymous: 'never', ...settings };
}

const as = (username: string, more: Partial<ConnectPacket> = {}): Partial<ConnectPacket> => ({
  username,
  password: Buffer.from('secret'),
  ...more,
});

test('a retained message greets nobody while who published it may not publish there', async () => {
  const world = new World({ users: [ann, reader] });
  await world.retain('ann', 'a');
  await world.retain('reader', 'b');
  assert.deepEqual(await world.greetings(), ['ann', 'reader']);
  world.configure({ users: [user('ann', onlyReads), reader] });
  assert.deepEqual(await world.greetings(), ['reader']);
  assert.deepEqual(await world.greetings('a'), []);
  assert.equal(world.fixture.broker.counters.dropped.retained_source, 2);
  world.configure({ users: [ann, reader] });
  assert.deepEqual(await world.greetings(), ['ann', 'reader']);
});

test('where it is not to be asked about, a retained message greets everybody', async () => {
  const world = new World({ users: [ann, reader] }, { retainedSourceCheck: false });
  await world.retain('ann', 'a');
  world.configure({ users: [user('ann', onlyReads), reader] });
  assert.deepEqual(await world.greetings(), ['ann']);
});

test('a restart in between changes nothing', async (t) => {
  const folder = folderOf(t);
  const opened = () => {
    const environment = new Environment(folder);
    const commit = new GroupCommit({ environment });
    return { environment, commit, table: new RetainedTable(environment, commit, silentLog) };
  };
  const before = opened();
  const first = new World({ users: [ann, reader] }, {}, before.table as unknown as MemoryRetainedLog);
  await first.retain('ann', 'a');
  await before.commit.flushed();
  await before.environment.close();
  const after = opened();
  const log = after.table as unknown as MemoryRetainedLog;
  assert.deepEqual(await new World({ users: [user('ann', onlyReads), reader] }, {}, log).greetings(), []);
  assert.deepEqual(await new World({ users: [ann, reader] }, {}, log).greetings(), ['ann']);
  await after.environment.close();
});

test('who is gone has no right left, and a rule for everybody counts for who published too', async () => {
  const world = new World({ users: [ann, reader] });
  await world.retain('ann', 'a');
  world.configure({ users: [reader] });
  assert.deepEqual(await world.greetings(), []);
  const rules = [{ effect: 'deny', action: 'publish', filter: 'a', users: ['ann'] }] as const;
  world.configure({ users: [ann, reader], rules });
  assert.deepEqual(await world.greetings(), []);
  // Another password is no other right.
  world.configure({ users: [{ ...ann, password: 'another' }, reader] });
  assert.deepEqual(await world.greetings(), ['ann']);
});

test('a will that was retained is asked about like every other message', async () => {
  const world = new World({ users: [ann, reader] });
  const will = { topic: 'w', payload: Buffer.from('gone'), qos: 0, retain: true, properties: undefined } as const;
  (await world.fixture.connect('c', as('ann', { will }))).cut();
  assert.deepEqual(await world.greetings(), ['gone']);
  world.configure({ users: [user('ann', onlyReads), reader] });
  assert.deepEqual(await world.greetings(), []);
});

test('who a will is of is on disk with it', () => {
  const session = new Session('c', 'user:ann', 60);
  session.endedAt = 5;
  session.will = { topic: 'w', payload: Buffer.from('gone'), qos: 0, retain: true, properties: undefined };
  session.willSource = '["users","user","ann"]';
  const position = { lastSequence: 0, messages: 0, shared: 0, bytes: 0 };
  assert.equal(decodeSession(encodeSession(session), position, 6).willSource, session.willSource);
});

test('a device may still while it is registered and not retired, and is looked up once', async () => {
  const world = new World({ users: [reader] });
  const credentials = [testCredential('token', tokenDigest('secret'))];
  for (let i = 0; i < 600; i++) {
    world.accounts.put(testAccount({ id: `d${i}`, credentials }));
    await world.retain(`d${i}`, `devices/d${i}/status`);
    await world.retain(`d${i}`, `devices/d${i}/more`);
  }
  world.accounts.asked.length = 0;
  assert.equal((await world.greetings()).length, 1_200);
  assert.equal((await world.greetings()).length, 1_200);
  assert.equal(world.accounts.asked.length, 600);
  world.accounts.put(testAccount({ id: 'd7', credentials, retired: true }));
  world.access.deviceChanged('d7');
  world.accounts.known.delete('d8');
  world.access.deviceChanged('d8');
  assert.equal((await world.greetings()).length, 1_196);
});

test('what a login allowed that brought its rights along goes on, and what was configured is asked for', async () => {
  const { access } = new World({ users: [reader], tokens: [{ ...ann, token: 'secret' }] });
  const brought = (rules: AccessRule[]) =>
    ({ kind: 'user', name: 'eve', rules, admin: false, proof: { by: 'jwt', stamp: 'x', brought: true } }) as const;
  const allowed = access.sourceOf(brought([{ action: 'publish', filter: 'a/#' }]), 'c', 'a/b');
  assert.equal(allowed, '["jwt","user","eve",["#"]]');
  assert.equal(
    access.sourceOf(brought([{ action: 'publish', filter: '$x/#' }]), 'c', '$x/b'),
    '["jwt","user","eve",["$x/b"]]',
  );
  assert.equal(access.sourceOf(brought([]), 'c', 'a/b'), '["jwt","user","eve",[]]');
  assert.equal(access.sourceOf({ ...brought([]), admin: true }, 'c', 'a/b'), '["jwt","user","eve","everything"]');
  // Nobody comes in by a token any more.
  assert.equal(access.ofSource('["jwt","user","eve",["#"]]'), undefined);
  assert.throws(() => access.ofSource('{}'), /source of a message/);
  const may = async (settings: Partial<AccessSettings>, source: string): Promise<boolean> => {
    access.reconfigure(settingsOf(settings));
    const identity = await access.ofSource(source);
    return identity !== undefined && access.mayPublish(identity, 'c', 'a/b');
  };
  const jwt = { ...testSettings.jwt, secret: 'a secret of thirty-two characters' };
  const rules = [{ action: 'publish', filter: 'a/#' }] as const;
  assert.equal(await may({ jwt }, '["jwt","user","eve",["#"]]'), true);
  assert.equal(await may({ jwt }, '["jwt","user","eve","everything"]'), true);
  assert.equal(await may({ jwt: { ...jwt, rules } }, '["jwt","user","eve",[]]'), false);
  assert.equal(await may({ jwt: { ...jwt, rules } }, '["jwt","user","eve"]'), true);
  assert.equal(await may({ jwt }, '["jwt","user","eve"]'), false);
  const denied = [{ effect: 'deny', action: 'publish', filter: '#', users: ['eve'] }] as const;
  assert.equal(await may({ jwt, rules: denied }, '["jwt","user","eve",["#"]]'), false);
  const http = { ...testSettings.http, url: 'http://127.0.0.1/' };
  assert.equal(await may({ http }, '["http","user","eve",["#"]]'), true);
  assert.equal(await may({}, '["http","user","eve",["#"]]'), false);
  assert.equal(await may({ tokens: [{ ...ann, token: 'another' }] }, '["tokens","user","ann"]'), true);
  assert.equal(await may({ users: [ann] }, '["tokens","user","ann"]'), false);
  assert.equal(await may({ users: [ann] }, '["certificate","user","ann"]'), true);
  assert.equal(await may({}, '["anonymous","anonymous","anonymous"]'), true);
  assert.equal(await may({ rules: denied }, '["anonymous","anonymous","anonymous"]'), false);
});

test('a source that cannot be looked up has its message kept back, and the log says so', async () => {
  const logged: string[] = [];
  const access = openAccess({ ofSource: () => Promise.reject(new Error('no store')) });
  const sources = new RetainedSources(
    access,
    createLog('error', (line) => logged.push(line)),
  );
  const publication = new Publication('a', Buffer.from('x'), 0, true, undefined, 0, 'p');
  assert.equal(sources.mayStill(publication), true);
  publication.source = 'somebody';
  assert.equal(sources.mayStill(publication), undefined);
  await sources.answered();
  assert.equal(sources.mayStill(publication), false);
  assert.match(logged[0], /no store/);
  sources.changed({ kind: 'device', id: 'another' });
  assert.equal(sources.mayStill(publication), undefined);
});

test('a device that is changed while it is looked up is looked up again, and for others no answer is lost', async () => {
  const asked: string[] = [];
  const access = openAccess({
    ofSource: async (source) => {
      asked.push(source);
      await answered();
      return { kind: 'device', name: source, deviceType: 't' };
    },
    deviceOfSource: (source) => source,
  });
  const sources = new RetainedSources(access, silentLog);
  const publicationOf = (source: string): Publication => {
    const publication = new Publication('a', Buffer.from('x'), 0, true, undefined, 0, 'p');
    publication.source = source;
    return publication;
  };
  const ask = (): (boolean | undefined)[] => ['d', 'e'].map((source) => sources.mayStill(publicationOf(source)));
  assert.deepEqual(ask(), [undefined, undefined]);
  sources.changed({ kind: 'device', id: 'd' });
  await sources.answered();
  assert.deepEqual(ask(), [undefined, true]);
  await sources.answered();
  assert.deepEqual(ask(), [true, true]);
  sources.changed({ kind: 'configuration' });
  assert.deepEqual(ask(), [undefined, undefined]);
  assert.deepEqual(asked, ['d', 'e', 'd', 'd', 'e']);
});

test('a row has who published it, and one from before that was kept is read as it is', () => {
  const publication = new Publication('a', Buffer.from('x'), 1, true, undefined, 5, 'p');
  const bare = encodeRetained(publication, 7);
  const old = encodeMessage(publication, 8);
  old.writeBigUInt64BE(7n);
  assert.deepEqual(bare, old);
  assert.equal(decodeRetained(old).publication.source, undefined);
  publication.source = '["users","user","änn"]';
  const { publication: read, place } = decodeRetained(encodeRetained(publication, 7));
  assert.equal(place, 7);
  assert.equal(read.source, publication.source);
  assert.equal(read.payload.toString(), 'x');
});

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-source-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('devices that are changed one after the other do not keep what others had retained from greeting', async () => {
  let changed: (change: AccessChange) => void = () => undefined;
  let asked = 0;
  const access = openAccess({
    sourceOf: () => 'somebody',
    ofSource: async () => {
      asked++;
      await answered();
      if (asked < 50) changed({ kind: 'device', id: 'another' });
      return { kind: 'user', name: 'somebody', admin: true, rules: [] };
    },
    onChanged: (listener) => {
      changed = listener;
    },
  });
  const fixture = new BrokerFixture({ access });
  const publisher = await fixture.connect('publisher');
  publisher.publish('a', 'x', { retain: true });
  const client = await fixture.connect('new');
  await client.subscribed('#');
  for (let turn = 0; turn < 5; turn++) await answered();
  assert.equal(client.takePublish().payload, 'x');
  assert.ok(asked < 5, `asked ${asked} times`);
});
