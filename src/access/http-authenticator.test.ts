import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ErrorCode, SluiceError } from '../errors.ts';
import { SimulatedClock } from '../std/clock.ts';
import { createLog } from '../std/log.ts';
import type { Credentials, Identity } from './access.ts';
import type { AccessSettings } from './access-setup.ts';
import { ConfiguredAccess } from './configured-access.ts';
import type { HttpAuthenticatorSettings } from './http-authenticator.ts';
import { testSettings } from './testing/access-settings.ts';
import { json, LocalServer, silence } from './testing/local-server.ts';
import { TestAccounts, testCertificate } from './testing/test-accounts.ts';

async function setUp(
  t: TestContext,
  http: Partial<HttpAuthenticatorSettings> = {},
  more: Partial<AccessSettings> = {},
) {
  const server = await new LocalServer(json({ result: 'allow' })).start(t);
  const clock = new SimulatedClock();
  const logged: string[] = [];
  const access = new ConfiguredAccess({
    ...testSettings,
    ...more,
    http: { ...testSettings.http, url: server.url, ...http },
    accounts: new TestAccounts(),
    clock,
    log: createLog('info', (line) => logged.push(line)),
  });
  const login = (username: string | undefined, changes: Partial<Credentials> = {}): Promise<Identity> =>
    access.authenticate({
      clientId: 'c1',
      username,
      password: username === undefined ? undefined : Buffer.from('secret'),
      remoteAddress: '192.0.2.7',
      certificate: undefined,
      through: { listener: 'tls' },
      ...changes,
    });
  return { server, clock, access, login, logged };
}

function refuses(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  return assert.rejects(promise, (problem) => problem instanceof SluiceError && problem.code === code);
}

test('the service is told what the client shows, and its answer says who that is', async (t) => {
  const { server, access, login } = await setUp(t, { authorization: 'Bearer of-the-broker' });
  const rules = [{ effect: 'deny', action: 'publish', filter: 'a/b' }];
  server.answer = json({ result: 'allow', name: 'ann@example', rules, subscribe: ['out/#'], publish: ['a/#'] });
  const certificate = testCertificate('cn', { fingerprint: 'ab' });
  const ann = await login('ann', { certificate });
  assert.deepEqual([ann.kind, ann.name], ['user', 'ann@example']);
  assert.equal(access.mayPublish(ann, 'c1', 'a/c'), true);
  assert.equal(access.mayPublish(ann, 'c1', 'a/b'), false);
  assert.equal(access.maySubscribe(ann, 'c1', 'out/1'), true);
  assert.equal(access.mayAdminister(ann), false);
  assert.deepEqual(JSON.parse(server.requests[0].body), {
    clientId: 'c1',
    username: 'ann',
    password: 'secret',
    remoteAddress: '192.0.2.7',
    listener: 'tls',
    certificateName: 'cn',
    certificateFingerprint: 'ab',
  });
  assert.equal(server.requests[0].headers.authorization, 'Bearer of-the-broker');
  server.answer = json({ result: 'allow', admin: true });
  const root = await login('root');
  assert.deepEqual([root.name, access.mayAdminister(root)], ['root', true]);
});

test('a password that is no text goes in base64', async (t) => {
  const { server, login } = await setUp(t);
  await login('ann', { password: Buffer.from([0xff, 0x00]) });
  assert.equal(JSON.parse(server.requests[0].body).passwordBase64, '/wA=');
});

test('who is denied is refused, who is ignored is left to the next, and who shows nothing is not asked about', async (t) => {
  const users = [{ name: 'ann', password: 'secret', admin: false, rules: [] }];
  const { server, login } = await setUp(t, {}, { users, order: ['http', 'users'], anonymous: 'always' });
  server.answer = json({ result: 'deny' });
  await refuses(login('ann'), 'unauthenticated');
  server.answer = json({ result: 'ignore' });
  assert.equal((await login('ann', { clientId: 'c2' })).proof?.by, 'users');
  await refuses(login('bob'), 'unauthenticated');
  assert.equal(server.requests.length, 3);
  assert.equal((await login(undefined)).kind, 'anonymous');
  assert.equal(server.requests.length, 3);
});

test('an answer counts for its time, a denial for ten seconds, and for nobody else', async (t) => {
  const { server, clock, login } = await setUp(t, { cacheSeconds: 60 });
  await Promise.all([login('ann'), login('ann')]);
  await login('ann');
  assert.equal(server.requests.length, 1);
  await login('ann', { password: Buffer.from('guess') });
  await login('ann', { clientId: 'c2' });
  await login('ann', { remoteAddress: '192.0.2.8' });
  assert.equal(server.requests.length, 4);
  server.answer = json({ result: 'deny' });
  clock.advance(59_999);
  await login('ann');
  clock.advance(1);
  await refuses(login('ann'), 'unauthenticated');
  await refuses(login('ann'), 'unauthenticated');
  assert.equal(server.requests.length, 5);
  server.answer = json({ result: 'allow' });
  clock.advance(10_000);
  await login('ann');
});

test('an answer that expires ends the connection then, and is not remembered beyond', async (t) => {
  const { server, clock, login } = await setUp(t);
  const expiresAt = Math.floor(clock.now() / 1000) + 5;
  server.answer = json({ result: 'allow', expiresAt });
  assert.equal((await login('ann')).expiresAt, expiresAt * 1000);
  clock.advance(5_000);
  server.answer = json({ result: 'deny' });
  await refuses(login('ann'), 'unauthenticated');
});

test('no more answers are kept than the limit', async (t) => {
  const { server, login } = await setUp(t, { cacheEntriesMax: 2 });
  for (const name of ['a', 'b', 'c', 'a']) await login(name);
  assert.equal(server.requests.length, 4);
  await login('c');
  assert.equal(server.requests.length, 4);
});

test('a service that does not answer, or not as it should, refuses for now and is logged once', async (t) => {
  const { server, login, logged } = await setUp(t, { timeoutMs: 50 });
  const bad = [
    silence,
    json({ result: 'allow' }, 500),
    json('allow'),
    json({ result: 'yes' }),
    json({ result: 'allow', name: '' }),
    json({ result: 'allow', admin: 'yes' }),
    json({ result: 'allow', rules: [{ action: 'all', filter: 'a/#/b' }] }),
    json({ result: 'allow', publish: ['x'.repeat(70_000)] }),
  ];
  for (const answer of bad) {
    server.answer = answer;
    await refuses(login('ann'), 'unavailable');
  }
  const lines = () => logged.filter((line) => line.includes('HTTP authenticator')).length;
  assert.equal(lines(), 1);
  server.answer = json({ result: 'allow' });
  await login('ann');
  assert.equal(lines(), 2);
});

test('no more requests at once than the limit, no more waiting, and of one address no more than a quarter', async (t) => {
  const { server, login } = await setUp(t, { concurrentMax: 2, waitingMax: 6 });
  const open: (() => void)[] = [];
  let peak = 0;
  server.answer = (_, response) => {
    peak = Math.max(
      peak,
      open.push(() => json({ result: 'allow' })({ body: '', headers: {} }, response)),
    );
    if (open.length === 2) for (const answer of open.splice(0)) answer();
  };
  const from = (at: number): string => `192.0.2.${at % 4}`;
  const outcomes = await Promise.allSettled(
    Array.from({ length: 12 }, (_, at) => login(`user ${at}`, { remoteAddress: from(at) })),
  );
  assert.equal(peak, 2);
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 8);
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason.code);
  assert.deepEqual(new Set(refused), new Set(['quota_exceeded']));
});
