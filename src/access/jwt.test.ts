// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders of rules look like those of JavaScript

import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { type ErrorCode, SluiceError } from '../errors.ts';
import { SimulatedClock } from '../std/clock.ts';
import { createLog } from '../std/log.ts';
import type { Identity } from './access.ts';
import type { AccessSettings } from './access-setup.ts';
import { ConfiguredAccess } from './configured-access.ts';
import type { JwtSettings } from './jwt.ts';
import { overHttp, testSettings } from './testing/access-settings.ts';
import { json, LocalServer, silence } from './testing/local-server.ts';
import { TestAccounts } from './testing/test-accounts.ts';

const secret = 'a secret of thirty-two characters';
const away = '192.0.2.7';

function setUp(jwt: Partial<JwtSettings> = { secret }, more: Partial<AccessSettings> = {}) {
  const clock = new SimulatedClock();
  const settings = { ...testSettings, ...more, jwt: { ...testSettings.jwt, ...jwt } };
  const lines: string[] = [];
  const log = createLog('info', (line) => lines.push(line));
  const access = new ConfiguredAccess({ ...settings, accounts: new TestAccounts(), clock, log });
  const login = (password: string, username?: string): Promise<Identity> =>
    access.authenticate({
      clientId: 'c',
      username,
      password: Buffer.from(password),
      remoteAddress: away,
      certificate: undefined,
      through: { listener: 'test' },
    });
  const causes = (): string[] => lines.map((line) => JSON.parse(line).cause);
  return { clock, access, login, settings, causes };
}

/** Signed, valid for a minute, for `ann` unless the claims say otherwise. */
function tokenOf(
  claims: JWTPayload = {},
  key: Uint8Array | KeyObject = Buffer.from(secret),
  header: { alg: string; kid?: string } = { alg: 'HS256' },
): Promise<string> {
  const exp = Math.floor(new SimulatedClock().now() / 1000) + 60;
  return new SignJWT({ sub: 'ann', exp, ...claims }).setProtectedHeader(header).sign(key);
}

function refuses(promise: Promise<unknown>, code: ErrorCode, message = /./): Promise<void> {
  return assert.rejects(
    promise,
    (problem) => problem instanceof SluiceError && problem.code === code && message.test(problem.message),
  );
}

function pemFile(t: TestContext, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-jwt-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'key.pem');
  writeFileSync(file, content);
  return file;
}

test('a token is the password of an MQTT client under any user name or none, and a bearer token over HTTP', async () => {
  const { access, login } = setUp();
  const token = await tokenOf();
  for (const identity of [
    await login(token),
    await login(token, 'bob'),
    await access.authenticateToken(token, overHttp(away)),
  ]) {
    assert.deepEqual([identity.kind, identity.name], ['user', 'ann']);
    assert.equal(access.mayAdminister(identity), false);
  }
});

test('the user name can be asked to be the one of the token', async () => {
  const { access, login } = setUp({ secret, username: 'name' });
  const token = await tokenOf();
  await login(token, 'ann');
  await refuses(login(token, 'bob'), 'unauthenticated');
  await refuses(login(token), 'unauthenticated');
  await access.authenticateToken(token, overHttp(away));
});

test('a token that was signed otherwise, or not at all, is refused', async () => {
  const { login } = setUp();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [header, payload, signature] = (await tokenOf()).split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const bad = [
    await tokenOf({}, Buffer.from('another secret of thirty-two chars')),
    await tokenOf({}, privateKey, { alg: 'ES256' }),
    await tokenOf({}, Buffer.from(secret), { alg: 'HS512' }),
    `${none}.${payload}.`,
    `${none}.${payload}.${signature}`,
    `${header}.${Buffer.from('{"sub":"root"}').toString('base64url')}.${signature}`,
    `${header}.${payload}.`,
  ];
  for (const token of bad) await refuses(login(token), 'unauthenticated', /Check the token/);
});

test('the log says what is wrong with a token, in a sentence of its own and nothing of the token', async () => {
  const { clock, login, causes } = setUp({ secret, audience: 'broker' });
  const good = { aud: 'broker' };
  const later = Math.floor(clock.now() / 1000) + 10;
  const [, payload] = (await tokenOf(good)).split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  for (const token of [
    await tokenOf(good, Buffer.from('another secret of thirty-two chars')),
    `${none}.${payload}.`,
    await tokenOf({ aud: 'other' }),
    await tokenOf(),
    await tokenOf({ ...good, sub: undefined }),
    await tokenOf({ ...good, nbf: later }),
  ])
    await refuses(login(token), 'unauthenticated', /^Check the token: the server does not accept this one$/);
  assert.deepEqual(causes(), [
    'The key of access.jwt did not sign it',
    'Its algorithm is not one that access.jwt takes',
    'Its claim "aud" is not what access.jwt asks for',
    'It has no claim "aud"',
    'It has no claim "sub"',
    'It does not count yet: its claim "nbf" is ahead',
  ]);
});

test('a public key is never taken for a secret: a token signed with its text by HMAC is refused', async (t) => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const { login } = setUp({ publicKeyFile: pemFile(t, pem) });
  await refuses(login(await tokenOf({}, Buffer.from(pem))), 'unauthenticated');
});

test('keys of RSA, EC and Ed25519 in PEM check the algorithm that goes with them, and no other', async (t) => {
  const pairs = [
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['EdDSA', generateKeyPairSync('ed25519')],
  ] as const;
  for (const [alg, { publicKey, privateKey }] of pairs) {
    const publicKeyFile = pemFile(t, publicKey.export({ type: 'spki', format: 'pem' }).toString());
    const { login } = setUp({ publicKeyFile });
    assert.equal((await login(await tokenOf({}, privateKey, { alg }))).name, 'ann', alg);
    await refuses(login(await tokenOf()), 'unauthenticated');
    assert.throws(() => setUp({ publicKeyFile, algorithms: ['HS256'] }), /expected algorithms among .* met HS256/);
  }
  const [, { publicKey, privateKey }] = pairs[0];
  const publicKeyFile = pemFile(t, publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const { login } = setUp({ publicKeyFile, algorithms: ['PS256'] });
  await login(await tokenOf({}, privateKey, { alg: 'PS256' }));
  await refuses(login(await tokenOf({}, privateKey, { alg: 'RS256' })), 'unauthenticated');
});

test('keys that cannot be used are told at the start', (t) => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  assert.throws(() => setUp({ publicKeyFile: pemFile(t, pem) }), /expected a public key .* met a private one/);
  assert.throws(() => setUp({ publicKeyFile: pemFile(t, 'nothing') }), /expected a public key in PEM/);
  assert.throws(() => setUp({ publicKeyFile: '/nowhere.pem' }), /"\/nowhere\.pem" cannot be read/);
  assert.throws(() => setUp({ secret, jwksUrl: 'http://127.0.0.1/' }), /expected one of .* met several/);
});

test('issuer, audience, expiry and name are checked', async () => {
  const { clock, login } = setUp({ secret, issuer: 'me', audience: 'broker', nameClaim: 'client_id' });
  const good = { iss: 'me', aud: 'broker', client_id: 'bob' };
  assert.equal((await login(await tokenOf(good))).name, 'bob');
  await login(await tokenOf({ ...good, aud: ['other', 'broker'] }));
  await refuses(login(await tokenOf({ ...good, aud: 'other' })), 'unauthenticated');
  await refuses(login(await tokenOf({ ...good, aud: undefined })), 'unauthenticated');
  for (const name of [undefined, '', 7, 'x'.repeat(257)])
    await refuses(login(await tokenOf({ ...good, client_id: name })), 'unauthenticated');
  const later = Math.floor(clock.now() / 1000) + 10;
  await refuses(login(await tokenOf({ ...good, nbf: later })), 'unauthenticated');
  clock.advance(60_000);
  await refuses(login(await tokenOf(good)), 'unauthenticated', /it has expired/);
});

test('the tolerance moves the end of the connection too', async () => {
  const { clock, login } = setUp({ secret, clockToleranceSeconds: 5 });
  const exp = Math.floor(clock.now() / 1000) - 3;
  assert.equal((await login(await tokenOf({ exp }))).expiresAt, (exp + 5) * 1000);
  await refuses(login(await tokenOf({ exp: exp - 3 })), 'unauthenticated');
  assert.equal((await login(await tokenOf({ exp: undefined }))).expiresAt, undefined);
});

test('claims say what one may do; without them the configuration does', async () => {
  const { access, login } = setUp({ secret, rules: [{ action: 'all', filter: 'default/#' }], adminClaim: 'root' });
  const plain = await login(await tokenOf());
  assert.equal(access.mayPublish(plain, 'c', 'default/x'), true);
  const own = await login(await tokenOf({ publish: ['in/${username}/#'], subscribe: ['out/#'] }));
  assert.equal(access.mayPublish(own, 'c', 'in/ann/x'), true);
  assert.equal(access.mayPublish(own, 'c', 'out/x'), false);
  assert.equal(access.maySubscribe(own, 'c', 'out/x'), true);
  assert.equal(access.mayPublish(own, 'c', 'default/x'), false);
  const rules = [
    { effect: 'deny', action: 'publish', filter: 'a/b' },
    { action: 'all', filter: 'a/#' },
  ];
  const ruled = await login(await tokenOf({ rules }));
  assert.deepEqual([access.mayPublish(ruled, 'c', 'a/b'), access.mayPublish(ruled, 'c', 'a/c')], [false, true]);
  assert.equal(access.mayPublish(await login(await tokenOf({ publish: [] })), 'c', 'default/x'), false);
  assert.equal(access.mayAdminister(await login(await tokenOf({ root: true }))), true);
  assert.equal(access.mayAdminister(await login(await tokenOf({ root: 'true' }))), false);
});

test('a token with rules that are not understood is refused, and not let in with fewer', async () => {
  const { login } = setUp();
  const filter = 'a';
  const bad = [
    { publish: 'a' },
    { publish: ['a/#/b'] },
    { publish: ['${nobody}'] },
    { subscribe: [7] },
    { rules: [{ action: 'read', filter }] },
    { rules: [{ effect: 'maybe', action: 'all', filter }] },
    { rules: [{ action: 'all', filter, until: 'noon' }] },
    { rules: ['all'] },
    { publish: Array.from({ length: 257 }, () => 'a') },
  ];
  for (const claims of bad) await refuses(login(await tokenOf(claims)), 'unauthenticated', /its rules cannot be used/);
});

test('a password that only looks like a token, and one of another issuer, are left to others', async () => {
  const password = 'a.b.c';
  const users = [{ name: 'ann', password, admin: false, rules: [] }];
  const first = setUp({ secret, issuer: 'me' }, { users, order: ['jwt', 'users'] });
  assert.equal((await first.login(password, 'ann')).proof?.by, 'users');
  const foreign = await tokenOf({ iss: 'you' });
  const kept = setUp(
    { secret, issuer: 'me' },
    { users: [{ ...users[0], password: foreign }], order: ['jwt', 'users'] },
  );
  assert.equal((await kept.login(foreign, 'ann')).proof?.by, 'users');
  await refuses(kept.login(foreign, 'bob'), 'unauthenticated');
});

test('a login by token stands a change elsewhere, and ends with a change of how tokens are checked', async () => {
  const { access, login, settings } = setUp();
  const identity = await login(await tokenOf());
  const origin = { remoteAddress: away, through: { listener: 'test' } };
  const again = () => access.reexamine(identity, origin, { kind: 'configuration' });
  access.reconfigure({ ...settings, users: [{ name: 'bob', password: 'x', admin: false, rules: [] }] });
  assert.equal(await again(), identity);
  access.reconfigure({ ...settings, jwt: { ...settings.jwt, secret: 'another secret of thirty-two chars' } });
  assert.equal(await again(), undefined);
  access.reconfigure({ ...settings, order: ['users'] });
  assert.equal(await again(), undefined);
});

/** A key set that a test can change, and the private keys to it. */
async function keySet(t: TestContext) {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const next = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = async (key: KeyObject, kid: string) => ({ ...(await exportJWK(key)), kid, alg: 'ES256', use: 'sig' });
  const old = { keys: [await jwk(pair.publicKey, 'old')] };
  const rotated = { keys: [...old.keys, await jwk(next.publicKey, 'new')] };
  const server = await new LocalServer(json(old)).start(t);
  const signed = (kid: 'old' | 'new' | 'nobody') =>
    tokenOf({ exp: undefined }, kid === 'new' ? next.privateKey : pair.privateKey, { alg: 'ES256', kid });
  return { server, rotated, signed };
}

test('keys come from a URL, once, and again when a token names one that is not there', async (t) => {
  const { server, rotated, signed } = await keySet(t);
  const { clock, login } = setUp({ jwksUrl: server.url });
  await Promise.all([login(await signed('old')), login(await signed('old'))]);
  assert.equal(server.requests.length, 1);
  server.answer = json(rotated);
  await refuses(login(await signed('new')), 'unauthenticated');
  assert.equal(server.requests.length, 1, 'asked again too soon');
  clock.advance(30_000);
  await login(await signed('new'));
  assert.equal(server.requests.length, 2);
  for (let time = 0; time < 10; time++) await refuses(login(await signed('nobody')), 'unauthenticated');
  assert.equal(server.requests.length, 2);
});

test('old keys go on counting while the URL does not answer, and logins do not wait for it', async (t) => {
  const { server, signed } = await keySet(t);
  const { clock, access, login, settings } = setUp({ jwksUrl: server.url });
  await login(await signed('old'));
  server.answer = silence;
  clock.advance(300_000);
  for (let time = 0; time < 3; time++) await login(await signed('old'));
  access.reconfigure({ ...settings, users: [] });
  await login(await signed('old'));
  assert.equal(server.requests.length, 2);
});

test('a token with a key that is not there waits for the URL only where that answered the last time', async (t) => {
  const { server, rotated, signed } = await keySet(t);
  const { clock, login } = setUp({ jwksUrl: server.url });
  await login(await signed('old'));
  server.answer = json({}, 500);
  clock.advance(30_000);
  await refuses(login(await signed('new')), 'unauthenticated');
  assert.equal(server.requests.length, 2);
  server.answer = silence;
  clock.advance(5_000);
  await refuses(login(await signed('new')), 'unauthenticated');
  await refuses(login(await signed('new')), 'unauthenticated');
  server.answer = json(rotated);
});

for (const [what, answer] of [
  ['fails', json({}, 500)],
  ['answers something else', json({ keys: 'none' })],
  ['answers without end', (_: unknown, response: { end(body: string): void }) => response.end(' '.repeat(300_000))],
] as const) {
  test(`where there are no keys yet and the URL ${what}, a login is refused for now`, async (t) => {
    const server = await new LocalServer(answer).start(t);
    const { clock, login } = setUp({ jwksUrl: server.url });
    const { signed, server: good } = await keySet(t);
    const token = await signed('old');
    await refuses(login(token), 'unavailable', /Log in again later/);
    await refuses(login(token), 'unavailable');
    assert.equal(server.requests.length, 1);
    server.answer = good.answer;
    clock.advance(5_000);
    await login(token);
  });
}
