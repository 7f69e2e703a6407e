import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ErrorCode, SluiceError } from '../errors.ts';
import { SimulatedClock } from '../std/clock.ts';
import { silentLog } from '../std/log.ts';
import type { AuthenticationExchange, Credentials, Identity } from './access.ts';
import { ConfiguredAccess } from './configured-access.ts';
import { ScramExchange } from './scram.ts';
import { formatScramVerifier, makeScramVerifier, parseScramVerifier } from './scram-verifier.ts';
import { generatedSecretCost, hashSecret } from './secrets.ts';
import { stableKey } from './stable-key.ts';
import { testSettings } from './testing/access-settings.ts';
import { ScramClient } from './testing/scram-client.ts';
import { TestAccounts, testCertificate } from './testing/test-accounts.ts';

const ann: Identity = { kind: 'user', name: 'user', rules: [], admin: false };
const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');

async function example(identity: Identity | undefined): Promise<ScramExchange> {
  const verifier = await makeScramVerifier('pencil', salt, 4096);
  return new ScramExchange(async () => ({ verifier, identity }), '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0');
}

const first = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO';
const final =
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';

async function step(exchange: AuthenticationExchange, message: string): Promise<string | undefined> {
  return (await exchange.step(Buffer.from(message))).data?.toString();
}

function refuses(promise: Promise<unknown>, code: ErrorCode = 'unauthenticated'): Promise<void> {
  return assert.rejects(promise, (problem) => problem instanceof SluiceError && problem.code === code);
}

test('the exchange of RFC 7677, section 3', async () => {
  const exchange = await example(ann);
  assert.equal(
    await step(exchange, first),
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  );
  const last = await exchange.step(Buffer.from(final));
  assert.equal(last.data?.toString(), 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  assert.equal(last.identity, ann);
});

test('a verifier is written as PostgreSQL writes it, and read again', async () => {
  const verifier = await makeScramVerifier('pencil', salt, 4096);
  const text = formatScramVerifier(verifier);
  assert.match(text, /^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$[^:]{44}:[^:]{44}$/);
  assert.deepEqual(parseScramVerifier(text), verifier);
  for (const iterations of ['4095', '1000001'])
    assert.equal(parseScramVerifier(text.replace('4096', iterations)), undefined);
});

test('a wrong proof, another nonce or another channel binding is refused', async () => {
  const wrong = [
    final.replace('p=d', 'p=e'),
    final.replace('k0,p', 'k1,p'),
    final.replace('c=biws', 'c=eSws'),
    final.replace('c=biws', 'c=AAAA'),
  ];
  for (const message of wrong) {
    const exchange = await example(ann);
    await step(exchange, first);
    await refuses(step(exchange, message));
  }
  const nobody = await example(undefined);
  await step(nobody, first);
  await refuses(step(nobody, final));
});

test('what is no message of the exchange is refused', async () => {
  const firsts = [
    '',
    'n,,n=user',
    'n,,r=nonce',
    'x,,n=user,r=nonce',
    'p=tls-unique,,n=user,r=nonce',
    'n,a=root,n=user,r=nonce',
    'n,,m=ext,n=user,r=nonce',
    'n,,n=us=er,r=nonce',
    'n,,n=us=2cer,r=nonce',
    `n,,n=user,r=${'x'.repeat(513)}`,
    `n,,n=${'x'.repeat(5_000)},r=nonce`,
  ];
  for (const message of firsts) await refuses(step(await example(ann), message));
  for (const message of ['', 'c=biws', 'c=biws,r=x', 'c=biws,r=x,p=', `${final},x=1`, first]) {
    const exchange = await example(ann);
    await step(exchange, first);
    await refuses(step(exchange, message));
  }
});

test('a client may begin when it is asked to, once', async () => {
  const exchange = await example(ann);
  assert.equal((await exchange.step(undefined)).data, undefined);
  await refuses(exchange.step(undefined));
});

test("names may hold ',' and '=', name themselves, and stand for what they are prepared to", async () => {
  const names: string[] = [];
  const verifier = await makeScramVerifier('pencil', salt, 4096);
  const lookup = async (name: string) => {
    names.push(name);
    return { verifier, identity: ann };
  };
  for (const message of ['n,,n=a=2Cb=3Dc,r=x', 'y,a=user,n=user,r=x,ext=1', 'n,,n=\u2168,r=x', 'n,,n=I\u00adX,r=x'])
    await step(new ScramExchange(lookup), message);
  assert.deepEqual(names, ['a,b=c', 'user', 'IX', 'IX']);
});

async function setUp(saltKey = Buffer.alloc(32, 1)) {
  const verifier = await makeScramVerifier('secret', salt, 5_000);
  const user = (name: string, password: string) => ({ name, password, admin: false, rules: [] });
  const settings = {
    ...testSettings,
    users: [
      user('plain', 'secret'),
      user('stored', formatScramVerifier(verifier)),
      user('hashed', await hashSecret('secret', generatedSecretCost)),
    ],
  };
  const access = new ConfiguredAccess({
    ...settings,
    accounts: new TestAccounts(),
    clock: new SimulatedClock(),
    log: silentLog,
    saltKey,
  });
  const begin = (method = 'SCRAM-SHA-256', changes: Partial<Credentials> = {}) =>
    access.beginExchange(method, {
      clientId: 'c',
      username: undefined,
      password: undefined,
      remoteAddress: '192.0.2.7',
      certificate: undefined,
      through: { listener: 'test' },
      ...changes,
    });
  const login = async (username: string, password: string): Promise<Identity | undefined> => {
    const exchange = begin() as AuthenticationExchange;
    const client = new ScramClient(username, password);
    const challenge = await exchange.step(client.first());
    const last = await exchange.step(await client.final(challenge.data as Buffer));
    client.check(last.data as Buffer);
    return last.identity;
  };
  const challenge = async (username: string): Promise<string> => {
    const message = await step(begin() as AuthenticationExchange, `n,,n=${username},r=x`);
    return (message ?? '').replace(/r=[^,]*,/, '');
  };
  return { access, settings, begin, login, challenge };
}

test('users with a plain password and with a verifier prove themselves, and each side to the other', async () => {
  const { login } = await setUp();
  assert.equal((await login('plain', 'secret'))?.name, 'plain');
  assert.equal((await login('stored', 'secret'))?.name, 'stored');
  for (const name of ['plain', 'stored', 'hashed', 'nobody']) await refuses(login(name, 'guess'));
  await refuses(login('hashed', 'secret'));
});

test('the challenge does not tell who is known: a made-up salt is the same each time, also after a restart', async () => {
  const [now, later, elsewhere] = [await setUp(), await setUp(), await setUp(Buffer.alloc(32, 2))];
  for (const name of ['plain', 'hashed', 'nobody']) {
    const challenge = await now.challenge(name);
    assert.match(challenge, /^s=[A-Za-z0-9+/]{22}==,i=5000$/);
    assert.equal(await later.challenge(name), challenge);
    assert.notEqual(await elsewhere.challenge(name), challenge);
  }
  assert.match(await now.challenge('stored'), /^s=[A-Za-z0-9+/]{22}==,i=5000$/);
  assert.notEqual(await now.challenge('nobody'), await now.challenge('somebody'));
});

test('another method is not known, nor is any where users are not asked or the certificate says who it is', async () => {
  const { access, settings, begin } = await setUp();
  assert.equal(begin('SCRAM-SHA-1'), undefined);
  assert.equal(begin('scram-sha-256'), undefined);
  const certificate = testCertificate('ann');
  assert.notEqual(begin('SCRAM-SHA-256', { certificate }), undefined);
  const through = { listener: 'tls', certificateIdentity: 'commonName' } as const;
  assert.notEqual(begin('SCRAM-SHA-256', { through }), undefined);
  assert.equal(begin('SCRAM-SHA-256', { certificate, through }), undefined);
  access.reconfigure({ ...settings, order: ['devices'] });
  assert.equal(begin(), undefined);
});

test('the key that salts are made of is made once, and for its owner alone', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-key-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'access.key');
  const key = stableKey(file);
  assert.equal(key.length, 32);
  assert.deepEqual(stableKey(file), key);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  truncateSync(file, 5);
  assert.equal(stableKey(file).length, 32);
});
