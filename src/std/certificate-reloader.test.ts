import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { CertificateReloader, checkMs } from './certificate-reloader.ts';
import { SimulatedClock } from './clock.ts';
import { createLog } from './log.ts';
import { TestAuthority } from './testing/certificates.ts';
import { readTlsFiles, type TlsMaterial } from './tls-files.ts';

const authority = new TestAuthority();
const other = new TestAuthority('Other');
after(() => {
  authority.remove();
  other.remove();
});
const [first, second] = [authority.issueServer(), authority.issueServer()];

/** A reloader of files that a test may change. */
function reloading(t: TestContext) {
  const paths = { certFile: join(authority.folder, `${t.name}.pem`), keyFile: join(authority.folder, `${t.name}.key`) };
  const put = (issued: { certFile: string; keyFile: string }): void => {
    copyFileSync(issued.certFile, paths.certFile);
    copyFileSync(issued.keyFile, paths.keyFile);
  };
  put(first);
  const clock = new SimulatedClock(Date.now());
  const applied: TlsMaterial[] = [];
  const logged: string[] = [];
  const log = createLog('info', (line) => logged.push(JSON.parse(line).message));
  const reloader = new CertificateReloader({ paths, apply: (material) => applied.push(material), clock, log });
  t.after(() => reloader.stop());
  return { reloader, paths, put, clock, applied, logged };
}

test('files that did not change are applied once', async (t) => {
  const { reloader, applied, clock, logged } = reloading(t);
  await reloader.start();
  await reloader.reload();
  clock.advance(checkMs);
  await reloader.reload();
  assert.equal(applied.length, 1);
  assert.deepEqual(logged, []);
});

test('files that changed are applied within a minute, without being asked', async (t) => {
  const { reloader, put, applied, clock, logged } = reloading(t);
  await reloader.start();
  put(second);
  clock.advance(checkMs);
  await reloader.reload();
  assert.ok(applied[1].cert.equals(readFileSync(second.certFile)));
  assert.deepEqual(logged, ['TLS certificate replaced']);
});

test('a pair that does not fit changes nothing and is logged once; its repair is applied', async (t) => {
  const { reloader, put, paths, applied, logged } = reloading(t);
  await reloader.start();
  copyFileSync(second.certFile, paths.certFile);
  await reloader.reload();
  await reloader.reload();
  assert.equal(applied.length, 1);
  assert.deepEqual(logged, ['TLS certificate not replaced: the old one stays']);
  put(second);
  await reloader.reload();
  assert.equal(applied.length, 2);
});

test('a certificate that has expired is used and warned of', async (t) => {
  const { reloader, applied, clock, logged } = reloading(t);
  clock.advance(3 * 86_400_000);
  await reloader.start();
  assert.equal(applied.length, 1);
  assert.deepEqual(logged, ['TLS certificate has expired']);
});

test('files that TLS cannot use are refused with a sentence', async () => {
  const text = join(authority.folder, 'text.pem');
  writeFileSync(text, 'no PEM');
  const missing = join(authority.folder, 'missing.pem');
  const refusals: [object, RegExp][] = [
    [{ certFile: missing }, /^Cannot read TLS file ".*missing\.pem": /],
    [{ certFile: text }, /^Cannot use TLS file ".*text\.pem": expected a certificate in PEM/],
    [{ keyFile: text }, /^Cannot use TLS file ".*text\.pem": expected a private key without a passphrase in PEM/],
    [{ caFile: text }, /^Cannot use TLS file ".*text\.pem": expected a certificate in PEM/],
    [{ keyFile: second.keyFile }, /^Cannot use TLS key ".*": it does not belong to the certificate in ".*"$/],
  ];
  for (const [paths, message] of refusals) await assert.rejects(readTlsFiles({ ...first, ...paths }), { message });
});
