import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, SluiceError } from '../errors.ts';
import { SimulatedClock } from '../std/clock.ts';
import { silentLog } from '../std/log.ts';
import type { ClientCertificate, Identity, ListenerAccess } from './access.ts';
import { ConfiguredAccess } from './configured-access.ts';
import { testSettings } from './testing/access-settings.ts';
import { TestAccounts, testAccount, testCertificate, testCredential } from './testing/test-accounts.ts';

const byCommonName: ListenerAccess = { listener: 'tls', certificateIdentity: 'commonName' };
const bySubjectAltName: ListenerAccess = { listener: 'tls', certificateIdentity: 'subjectAltName' };

function certificate(commonName: string | undefined, ...subjectAltNames: string[]): ClientCertificate {
  return { ...testCertificate(''), commonName, subjectAltNames };
}

function setUp() {
  const accounts = new TestAccounts(
    testAccount({ id: 'd1' }),
    testAccount({ id: 'urn:dev:1' }),
    testAccount({ id: 'old', retired: true }),
  );
  const settings = {
    ...testSettings,
    anonymous: 'always' as const,
    users: [{ name: 'ann', password: 'secret', admin: false, rules: [] }],
  };
  const clock = new SimulatedClock();
  const access = new ConfiguredAccess({ ...settings, accounts, clock, log: silentLog });
  const login = (
    shown: ClientCertificate | undefined,
    through = byCommonName,
    username?: string,
    password?: string,
  ): Promise<Identity> =>
    access.authenticate({
      clientId: 'c',
      username,
      password: password === undefined ? undefined : Buffer.from(password),
      remoteAddress: '192.0.2.7',
      certificate: shown,
      through,
    });
  return { access, login, accounts, clock, settings };
}

function refuses(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  return assert.rejects(promise, (problem) => problem instanceof SluiceError && problem.code === code);
}

test('a certificate names a registered device or a user, who needs no password', async () => {
  const { login } = setUp();
  const d1 = await login(certificate('d1'));
  assert.deepEqual([d1.kind, d1.name], ['device', 'd1']);
  const ann = await login(certificate('ann'));
  assert.deepEqual([ann.kind, ann.name], ['user', 'ann']);
});

test('a subject alternative name counts where the listener says so: the first that is known', async () => {
  const { login } = setUp();
  const shown = certificate('ann', 'IP Address:d1', 'DNS:unknown.example', 'URI:urn:dev:1', 'DNS:d1');
  assert.equal((await login(shown, bySubjectAltName)).name, 'urn:dev:1');
  await refuses(login(certificate('d1', 'DNS:unknown.example'), bySubjectAltName), 'unauthenticated');
});

test('a certificate that names nobody is refused, also where anonymous clients and passwords are taken', async () => {
  const { login } = setUp();
  for (const name of ['unknown', undefined, '', 'me', '#']) {
    await refuses(login(certificate(name)), 'unauthenticated');
    await refuses(login(certificate(name), byCommonName, 'ann', 'secret'), 'unauthenticated');
  }
  await refuses(login(certificate('old')), 'device_retired');
});

test('without a certificate, or where it names nobody by itself, other ways are tried', async () => {
  const { login } = setUp();
  assert.equal((await login(undefined, byCommonName, 'ann', 'secret')).proof?.by, 'users');
  assert.equal((await login(certificate('d1'), { listener: 'tls' }, 'ann', 'secret')).proof?.by, 'users');
  assert.equal((await login(certificate('d1'), { listener: 'tls' })).kind, 'anonymous');
});

test('a login by certificate ends with its device or user', async () => {
  const { access, login, accounts, settings } = setUp();
  const origin = { remoteAddress: '192.0.2.7', through: byCommonName };
  const d1 = await login(certificate('d1'));
  const ann = await login(certificate('ann'));
  const device = () => access.reexamine(d1, origin, { kind: 'device', id: 'd1' });
  const user = () => access.reexamine(ann, origin, { kind: 'configuration' });
  assert.equal((await device())?.name, 'd1');
  assert.equal((await user())?.name, 'ann');
  accounts.put(testAccount({ id: 'd1', retired: true }));
  assert.equal(await device(), undefined);
  accounts.known.delete('d1');
  assert.equal(await device(), undefined);
  access.reconfigure({ ...settings, users: [] });
  assert.equal(await user(), undefined);
});

const fingerprint = 'ab'.repeat(32);

test('a certificate that a device has among its credentials lets it in, whatever name stands there', async () => {
  const { login, accounts } = setUp();
  accounts.put(testAccount({ id: 'd7', credentials: [testCredential('certificate', fingerprint)] }));
  assert.equal((await login(certificate('anything'))).name, 'd7');
  assert.equal((await login(certificate('ann'))).name, 'd7');
});

test('a device that has certificates comes in by those alone, also once the last one is revoked', async () => {
  const { login, accounts, access, clock } = setUp();
  accounts.put(testAccount({ id: 'd1', credentials: [testCredential('certificate', 'cd'.repeat(32))] }));
  await refuses(login(certificate('d1')), 'unauthenticated');
  accounts.put(testAccount({ id: 'd1', credentials: [testCredential('certificate', fingerprint)] }));
  const identity = await login(certificate('d1'));
  const revoked = testCredential('certificate', fingerprint, { expiresAt: clock.now() });
  accounts.put(testAccount({ id: 'd1', credentials: [revoked] }));
  await refuses(login(certificate('d1')), 'unauthenticated');
  const origin = { remoteAddress: '192.0.2.7', through: byCommonName };
  assert.equal(await access.reexamine(identity, origin, { kind: 'device', id: 'd1' }), undefined);
});

test('a login by name ends when the device gets a certificate of its own', async () => {
  const { login, accounts, access } = setUp();
  const identity = await login(certificate('d1'));
  accounts.put(testAccount({ id: 'd1', credentials: [testCredential('certificate', 'cd'.repeat(32))] }));
  const origin = { remoteAddress: '192.0.2.7', through: byCommonName };
  assert.equal(await access.reexamine(identity, origin, { kind: 'device', id: 'd1' }), undefined);
});

test('where the fingerprint counts alone, no name lets anybody in', async () => {
  const { login, accounts } = setUp();
  const byFingerprint: ListenerAccess = { listener: 'tls', certificateIdentity: 'fingerprint' };
  for (const name of ['d1', 'ann']) await refuses(login(certificate(name), byFingerprint), 'unauthenticated');
  await refuses(login(certificate('d1'), byFingerprint, 'ann', 'secret'), 'unauthenticated');
  assert.equal((await login(undefined, byFingerprint, 'ann', 'secret')).name, 'ann');
  accounts.put(testAccount({ id: 'd7', credentials: [testCredential('certificate', fingerprint)] }));
  assert.equal((await login(certificate('d1'), byFingerprint)).name, 'd7');
});

test('a certificate lets nobody in before or after the time for which it was made, or where that cannot be read', async () => {
  const { login, accounts, clock } = setUp();
  accounts.put(testAccount({ id: 'd7', credentials: [testCredential('certificate', fingerprint)] }));
  const now = clock.now();
  const spans = [{ validFrom: now + 1 }, { validTo: now }, { validFrom: Number.NaN }, { validTo: Number.NaN }];
  for (const span of spans) {
    await refuses(login(testCertificate('d7', span)), 'unauthenticated');
    await refuses(login(testCertificate('ann', { fingerprint: 'cd'.repeat(32), ...span })), 'unauthenticated');
  }
  assert.equal((await login(testCertificate('d7', { validFrom: now, validTo: now + 1 }))).name, 'd7');
});

test('a login by certificate lasts as long as the certificate and its credential, also when it is looked at again', async () => {
  const { login, accounts, access, clock } = setUp();
  const now = clock.now();
  const until = (expiresAt: number) =>
    accounts.put(testAccount({ id: 'd7', credentials: [testCredential('certificate', fingerprint, { expiresAt })] }));
  until(now + 2_000);
  const shown = testCertificate('d7', { validTo: now + 1_000 });
  const identity = await login(shown);
  assert.equal(identity.expiresAt, now + 1_000);
  until(now + 500);
  const origin = { remoteAddress: '192.0.2.7', through: byCommonName };
  const again = await access.reexamine(identity, origin, { kind: 'device', id: 'd7' });
  assert.equal(again?.expiresAt, now + 500);
  assert.equal(
    (await login(testCertificate('ann', { fingerprint: 'cd'.repeat(32), validTo: now + 7 }))).expiresAt,
    now + 7,
  );
});
