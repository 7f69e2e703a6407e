// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders of rules look like those of JavaScript

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../errors.ts';
import { SluiceError } from '../errors.ts';
import { SimulatedClock } from '../std/clock.ts';
import { createLog, silentLog } from '../std/log.ts';
import type { AccessRule, Identity } from './access.ts';
import type { AnonymousAccess } from './access-setup.ts';
import { ConfiguredAccess, type ConfiguredAccessParts } from './configured-access.ts';
import { generatedSecretCost, hashSecret, verifySecret } from './secrets.ts';
import { overHttp, testSettings } from './testing/access-settings.ts';
import { TestAccounts, testAccount, testCredential } from './testing/test-accounts.ts';
import { Verifier, verificationLimits } from './verifier.ts';

const away = '192.0.2.7';
const here = '127.0.0.1';

function accessWith(parts: Partial<ConfiguredAccessParts> = {}): ConfiguredAccess {
  return new ConfiguredAccess({
    ...testSettings,
    accounts: new TestAccounts(),
    clock: new SimulatedClock(),
    log: silentLog,
    ...parts,
  });
}

function login(
  access: ConfiguredAccess,
  username?: string,
  password?: string,
  remoteAddress = away,
): Promise<Identity> {
  const bytes = password === undefined ? undefined : Buffer.from(password);
  return access.authenticate({
    clientId: 'c',
    username,
    password: bytes,
    remoteAddress,
    certificate: undefined,
    through: { listener: 'test' },
  });
}

/** Without what it was known by. */
function shown({ proof: _, ...identity }: Identity): object {
  return identity;
}

function refuses(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  return assert.rejects(promise, (problem) => problem instanceof SluiceError && problem.code === code);
}

function user(rules: readonly AccessRule[], name = 'ann'): Identity {
  return { kind: 'user', name, rules, admin: false };
}

const device = (name: string): Identity => ({ kind: 'device', name, deviceType: 'meter' });

test('anonymous clients are let in from where the configuration says', async () => {
  const allowed: Record<AnonymousAccess, string[]> = {
    loopback: ['127.0.0.1', '127.9.8.7', '::1', '::ffff:127.0.0.1'],
    always: ['127.0.0.1', away, '2001:db8::1', ''],
    never: [],
  };
  const refused: Record<AnonymousAccess, string[]> = {
    loopback: [away, '::ffff:192.0.2.7', '128.0.0.1', '127.evil.example', '::11', '', '::ffff:1270.0.0.1'],
    always: [],
    never: ['127.0.0.1', '::1', away],
  };
  for (const anonymous of ['loopback', 'always', 'never'] as const) {
    const access = accessWith({ anonymous });
    for (const from of allowed[anonymous]) {
      assert.equal((await login(access, undefined, undefined, from)).kind, 'anonymous', from);
      assert.equal((await access.authenticateToken(undefined, overHttp(from))).kind, 'anonymous', from);
    }
    for (const from of refused[anonymous]) {
      await refuses(login(access, undefined, undefined, from), 'unauthenticated');
      await refuses(access.authenticateToken(undefined, overHttp(from)), 'unauthenticated');
    }
  }
});

test('wrong credentials are refused also where anonymous clients are let in', async () => {
  const access = accessWith({ anonymous: 'always', users: [{ name: 'ann', password: 'pw', admin: false, rules: [] }] });
  await refuses(login(access, 'ann', 'PW', here), 'unauthenticated');
  await refuses(login(access, 'ann', '', here), 'unauthenticated');
  await refuses(login(access, 'ann', undefined, here), 'unauthenticated');
  await refuses(login(access, 'bob', 'pw', here), 'unauthenticated');
  await refuses(login(access, '', undefined, here), 'unauthenticated');
  await refuses(login(access, undefined, 'pw', here), 'unauthenticated');
  await refuses(access.authenticateToken('', overHttp(here)), 'unauthenticated');
});

test('a name and password that nobody could check change nothing for an anonymous client', async () => {
  const open = accessWith({ anonymous: 'loopback' });
  assert.equal((await login(open, 'ann', 'pw', here)).kind, 'anonymous');
  assert.equal((await login(open, '', undefined, here)).kind, 'anonymous');
  assert.equal((await login(open, undefined, 'pw', here)).kind, 'anonymous');
  await refuses(login(open, 'ann', 'pw', '192.0.2.7'), 'unauthenticated');
  await refuses(open.authenticateToken('token', overHttp(here)), 'unauthenticated');
});

test('a token, which no user name and password could match, does not make them matter', async () => {
  const open = accessWith({
    anonymous: 'loopback',
    tokens: [{ name: 'hook', token: 'secret-of-the-hook', admin: false, rules: [] }],
  });
  assert.equal((await login(open, 'ann', 'pw', here)).kind, 'anonymous');
  await refuses(open.authenticateToken('another', overHttp(here)), 'unauthenticated');
});

test('the name of a device that has no credentials yet makes nobody anonymous', async () => {
  const accounts = new TestAccounts(testAccount({ id: 'meter-7' }));
  for (const anonymous of ['loopback', 'always'] as const) {
    const open = accessWith({ anonymous, accounts });
    await refuses(login(open, 'meter-7', 'pw', here), 'unauthenticated');
    await refuses(login(open, 'meter-7', undefined, here), 'unauthenticated');
    assert.equal((await login(open, 'meter-8', 'pw', here)).kind, 'anonymous');
    assert.equal((await login(open, undefined, undefined, here)).kind, 'anonymous');
  }
});

test('a name that nobody knows costs as much as one with a wrong password, and no password lets it in', async () => {
  const hash = await hashSecret('secret', generatedSecretCost);
  const checked: string[] = [];
  const verify = (secret: Buffer, against: string): Promise<boolean> => {
    checked.push(secret.toString());
    return verifySecret(secret, against);
  };
  const plain = { name: 'eve', password: 'plain', admin: false, rules: [] };
  const users = [plain, { ...plain, name: 'ann', password: hash }];
  const verifier = new Verifier(new SimulatedClock(), verificationLimits, verify);
  const credentials = [testCredential('token', 'of nobody')];
  const accounts = new TestAccounts(testAccount({ id: 'meter-7', credentials }));
  const access = accessWith({ users, verifier, accounts });
  for (const name of ['ann', 'eve', 'meter-7', 'nobody'])
    await refuses(login(access, name, 'wrong', here), 'unauthenticated');
  await refuses(login(access, 'nobody', 'secret', here), 'unauthenticated');
  assert.deepEqual(checked, ['wrong', 'wrong', 'wrong', 'wrong', 'secret']);
});

test('where rules bind anonymous clients, a wrong name tells them nothing of which devices there are', async () => {
  const accounts = new TestAccounts(testAccount({ id: 'meter-7' }));
  const bound = accessWith({ anonymous: 'always', accounts, rules: [{ action: 'subscribe', filter: 'public/#' }] });
  const refusals = ['meter-7', 'meter-8'].map((id) => login(bound, id, 'pw', here).catch(({ message }) => message));
  const [known, unknown] = await Promise.all(refusals);
  assert.equal(typeof known, 'string');
  assert.equal(known, unknown);
  assert.equal((await login(bound, undefined, undefined, here)).kind, 'anonymous');
});

test('a user comes in with a password that the configuration holds plain or hashed', async () => {
  const hash = await hashSecret('hashed secret');
  const access = accessWith({
    users: [
      { name: 'plain', password: 'plain secret', admin: false, rules: [] },
      { name: 'hashed', password: hash, admin: true, rules: [] },
    ],
  });
  assert.deepEqual(shown(await login(access, 'plain', 'plain secret')), {
    kind: 'user',
    name: 'plain',
    rules: [],
    admin: false,
  });
  assert.deepEqual(shown(await login(access, 'hashed', 'hashed secret')), {
    kind: 'user',
    name: 'hashed',
    rules: [],
    admin: true,
  });
  await refuses(login(access, 'hashed', hash), 'unauthenticated');
  await refuses(login(access, 'hashed', 'plain secret'), 'unauthenticated');
});

test('a token brings its own rights', async () => {
  const rules: AccessRule[] = [{ action: 'publish', filter: 'a/#' }];
  const access = accessWith({
    tokens: [
      { name: 'ci', token: 't-1', admin: true, rules: [] },
      { name: 'feed', token: 't-2', admin: false, rules },
    ],
  });
  assert.deepEqual(shown(await access.authenticateToken('t-1', overHttp(away))), {
    kind: 'user',
    name: 'ci',
    rules: [],
    admin: true,
  });
  const feed = await access.authenticateToken('t-2', overHttp(away));
  assert.equal(access.mayAdminister(feed), false);
  assert.equal(access.mayPublish(feed, '', 'a/b'), true);
  for (const token of ['t-3', 't-', 't-1 ', 'T-1'])
    await refuses(access.authenticateToken(token, overHttp(here)), 'unauthenticated');
});

test('a device comes in with its own password only, and not once it is retired', async () => {
  const hash = await hashSecret('device secret', generatedSecretCost);
  const credentials = [testCredential('password', hash)];
  const accounts = new TestAccounts(
    testAccount({ id: 'd1', credentials }),
    testAccount({ id: 'd2' }),
    testAccount({ id: 'old', credentials, retired: true }),
  );
  const access = accessWith({ accounts });
  assert.deepEqual(shown(await login(access, 'd1', 'device secret')), {
    kind: 'device',
    name: 'd1',
    deviceType: 'meter',
  });
  await refuses(login(access, 'd1', 'guess'), 'unauthenticated');
  await refuses(login(access, 'd2', 'device secret'), 'unauthenticated');
  await refuses(login(access, 'd3', 'device secret'), 'unauthenticated');
  await refuses(login(access, 'old', 'device secret'), 'device_retired');
  await refuses(login(access, 'old', 'guess'), 'unauthenticated');
  for (const id of ['me', 'a/b', '#', `${'x'.repeat(129)}`]) await refuses(login(access, id, 'x'), 'unauthenticated');
  assert.deepEqual([...new Set(accounts.asked)], ['d1', 'd2', 'd3', 'old']);
});

test('a changed device password counts at the next login', async () => {
  const accounts = new TestAccounts();
  const access = accessWith({ accounts });
  const put = async (secret: string): Promise<void> => {
    const hash = await hashSecret(secret, generatedSecretCost);
    accounts.put(testAccount({ id: 'd1', credentials: [testCredential('password', hash)] }));
  };
  await put('first');
  await login(access, 'd1', 'first');
  await put('second');
  await refuses(login(access, 'd1', 'first'), 'unauthenticated');
  await login(access, 'd1', 'second');
});

test('anonymous clients and administrators may do everything', () => {
  const access = accessWith();
  const unlimited: Identity[] = [
    { kind: 'anonymous', name: 'anonymous' },
    { kind: 'user', name: 'root', rules: [], admin: true },
  ];
  for (const identity of unlimited) {
    assert.ok(access.mayPublish(identity, 'c', 'devices/x/telemetry'));
    assert.ok(access.maySubscribe(identity, 'c', '$queue/jobs'));
    assert.ok(access.mayAdminister(identity));
  }
});

test('a device publishes and subscribes under its own prefix and nowhere else', () => {
  const access = accessWith();
  const d1 = device('d1');
  for (const topic of ['devices/d1', 'devices/d1/telemetry', 'devices/d1/events/door.open']) {
    assert.ok(access.mayPublish(d1, 'c', topic), topic);
    assert.ok(access.maySubscribe(d1, 'c', topic), topic);
  }
  for (const topic of [
    'devices/d2',
    'devices/d2/telemetry',
    'devices/d11',
    'devices',
    'devices/me/x',
    'x',
    '$SYS/x',
    '',
  ]) {
    assert.ok(!access.mayPublish(d1, 'c', topic), topic);
    assert.ok(!access.maySubscribe(d1, 'c', topic), topic);
  }
  for (const filter of ['devices/d1/#', 'devices/d1/+', 'devices/d1/+/x'])
    assert.ok(access.maySubscribe(d1, 'c', filter), filter);
  for (const filter of [
    '#',
    '+/#',
    'devices/#',
    'devices/+',
    'devices/+/telemetry',
    '+/d1/#',
    'devices/d2/#',
    '$queue/ingest',
  ]) {
    assert.ok(!access.maySubscribe(d1, 'c', filter), filter);
  }
  assert.ok(!access.mayAdminister(d1));
});

test('the client id of a device changes nothing of what it may do', () => {
  const access = accessWith();
  for (const clientId of ['d2', '#', 'd1/../d2', '']) {
    assert.ok(access.mayPublish(device('d1'), clientId, 'devices/d1/x'));
    assert.ok(!access.mayPublish(device('d1'), clientId, 'devices/d2/x'));
  }
});

test('a user may do what one of its rules allows, and nothing by default', () => {
  const access = accessWith();
  const ann = user([
    { action: 'publish', filter: 'in/+' },
    { action: 'subscribe', filter: 'out/#' },
    { action: 'all', filter: 'chat/${username}/#' },
  ]);
  assert.ok(access.mayPublish(ann, 'c', 'in/1'));
  assert.ok(!access.maySubscribe(ann, 'c', 'in/1'));
  assert.ok(access.maySubscribe(ann, 'c', 'out/+/x'));
  assert.ok(!access.mayPublish(ann, 'c', 'out/1'));
  assert.ok(access.mayPublish(ann, 'c', 'chat/ann/hello'));
  assert.ok(access.maySubscribe(ann, 'c', 'chat/ann/#'));
  assert.ok(!access.mayPublish(ann, 'c', 'chat/bob/hello'));
  assert.ok(!access.maySubscribe(ann, 'c', 'chat/+/hello'));
  assert.ok(!access.maySubscribe(ann, 'c', '#'));
  assert.ok(!access.mayAdminister(ann));
  assert.ok(!access.mayPublish(user([]), 'c', 'in/1'));
});

test('a hostile client id never widens a rule', () => {
  const access = accessWith();
  const ann = user([
    { action: 'all', filter: 'clients/${clientId}/#' },
    { action: 'all', filter: '${clientId}/#' },
  ]);
  assert.ok(access.mayPublish(ann, 'c1', 'clients/c1/x'));
  assert.ok(access.maySubscribe(ann, 'c1', 'c1/#'));
  const hostile = ['#', '+', '+/+', 'a/b', '../c1', '', '$SYS', '$queue', 'c1\0', '/', 'c1/#'];
  for (const clientId of hostile) {
    for (const topic of [
      'clients/c1/x',
      'clients/a/b',
      'a/b/c',
      '$SYS/x',
      '$queue/jobs',
      `clients/${clientId}/x`,
      '/x',
    ]) {
      assert.ok(!access.mayPublish(ann, clientId, topic), `${JSON.stringify(clientId)} ${topic}`);
      assert.ok(!access.maySubscribe(ann, clientId, topic), `${JSON.stringify(clientId)} ${topic}`);
    }
  }
});

test('one identity under two client ids gets the rights of each', () => {
  const access = accessWith();
  const ann = user([{ action: 'all', filter: 'clients/${clientId}' }]);
  for (let time = 0; time < 2; time++) {
    assert.ok(access.mayPublish(ann, 'c1', 'clients/c1'));
    assert.ok(!access.mayPublish(ann, 'c2', 'clients/c1'));
    assert.ok(access.mayPublish(ann, 'c2', 'clients/c2'));
  }
});

test('decisions about more topics than are remembered stay right', () => {
  const access = accessWith();
  const d1 = device('d1');
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < 1000; at++) {
      assert.ok(access.mayPublish(d1, 'c', `devices/d1/events/e${at}`));
      assert.ok(!access.mayPublish(d1, 'c', `devices/d2/events/e${at}`));
    }
  }
});

test('a configuration that says a name twice or a rule that cannot match is refused at the start', () => {
  const twice = { name: 'ann', password: 'x', admin: false, rules: [] };
  assert.throws(() => accessWith({ users: [twice, twice] }), /user "ann": it is given twice/);
  const token = { token: 't', admin: false, rules: [] };
  assert.throws(
    () =>
      accessWith({
        tokens: [
          { name: 'a', ...token },
          { name: 'b', ...token },
        ],
      }),
    /token "b": it is given twice/,
  );
  const rules: AccessRule[] = [{ action: 'all', filter: 'a/#/b' }];
  assert.throws(() => accessWith({ users: [{ name: 'bob', password: 'x', admin: false, rules }] }), /of "bob"/);
});

test('the log says what was wrong, which whoever logs in is not told', async () => {
  const lines: string[] = [];
  const log = createLog('info', (line) => lines.push(line));
  const users = [{ name: 'ann', password: 'secret', admin: false, rules: [] }];
  const accounts = new TestAccounts();
  const credentials = [testCredential('password', await hashSecret('right', generatedSecretCost))];
  accounts.put(testAccount({ id: 'probe', credentials }));
  const access = accessWith({ log, users, accounts });
  const told = new Set<string>();
  const causeOf = async (refused: Promise<Identity>): Promise<string> => {
    await refused.catch((problem: SluiceError) => told.add(problem.message));
    return JSON.parse(lines.pop() ?? '{}').cause;
  };
  assert.equal(await causeOf(login(access, 'ann', 'wrong')), 'The password of the user is another one');
  assert.equal(await causeOf(login(access, 'ann')), 'The user showed no password');
  assert.equal(
    await causeOf(login(access, 'bob', 'secret')),
    'There is no user of that name, and no device of that name that has a credential',
  );
  assert.equal(await causeOf(login(access, 'probe', 'wrong')), 'The device has other credentials');
  assert.match(await causeOf(login(access, 'ben', 'a.b.c')), /^It shows a JSON Web Token: no access\.jwt/);
  assert.equal(told.size, 1);
  assert.equal(
    await causeOf(access.authenticateToken('nobody has this', overHttp(away))),
    'No configured token, and no token of a device, is this one',
  );
});
