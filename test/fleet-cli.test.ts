import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run as runCli } from '../src/cli/testing/fake-server.ts';
import { startConfigured } from './server.ts';

async function startCli(t: TestContext) {
  const cwd = mkdtempSync(join(tmpdir(), 'sluice-fleet-'));
  t.after(() => rmSync(cwd, { recursive: true }));
  const server = await startConfigured(t, { deviceTypes: { meter: {} } });
  const run = async (...argv: string[]) => {
    const { status, out, err } = await runCli(argv, { env: { SLUICE_URL: server.httpUrl }, cwd });
    return { status, text: out + err };
  };
  const write = (name: string, content: string): void => writeFileSync(join(cwd, name), content);
  return { server, run, write, read: (name: string) => readFileSync(join(cwd, name), 'utf8') };
}

test('a fleet is imported, changed, found and exported from the command line', async (t) => {
  const { run, write, read } = await startCli(t);
  write('fleet.csv', 'id,gateway,attributes.site\ngw,,north\nm-1,gw,north\nm-2,gw,south\nm 3,,\n');
  const imported = await run('device', 'import', 'fleet.csv', '--type', 'meter');
  assert.equal(imported.status, 1);
  assert.match(imported.text, /^made +3$/m);
  assert.match(imported.text, /^ *5 .*invalid_argument/m);
  await run('device', 'update', 'm-2', '--firmware', '2.0.0');
  const added = await run('device', 'add', 'm-2', '--type', 'other');
  assert.equal(added.status, 1);
  assert.match(added.text, /Update device "m-2" instead: it is registered already, of type "meter"/);
  assert.match((await run('device', 'retire', 'm-1')).text, /m-1 is retired/);
  const listed = await run('device', 'list', '--gateway', 'gw', '--json');
  const rows = (JSON.parse(listed.text) as { devices: { id: string; retired: boolean }[] }).devices;
  assert.deepEqual(
    rows.map(({ id, retired }) => [id, retired]),
    [
      ['m-1', true],
      ['m-2', false],
    ],
  );
  assert.match((await run('device', 'list', '--retired')).text, /m-1/);
  assert.doesNotMatch((await run('device', 'list', '--attribute', 'site=south')).text, /m-1|gw /);
  assert.equal((await run('device', 'restore', 'm-1')).status, 0);
  assert.equal((await run('device', 'export', 'out.ndjson', '--format', 'ndjson', '--gateway', 'gw')).status, 0);
  const lines = read('out.ndjson');
  assert.match(lines, /"id":"m-2","type":"meter","firmwareVersion":"2.0.0","retired":false,"gateway":"gw"/);
  const again = await run('device', 'import', 'out.ndjson', '--json');
  assert.deepEqual([again.status, JSON.parse(again.text).same], [0, 2]);
  assert.match((await run('device', 'import', 'missing.csv')).text, /Cannot read "missing.csv"/);
});

test('credentials are given, listed and revoked from the command line, and claim keys made', async (t) => {
  const { run, write, server } = await startCli(t);
  await run('device', 'add', 'm-1', '--type', 'meter');
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  write('key.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString());
  assert.match((await run('device', 'credentials', 'm-1')).text, /^password +\S+$/m);
  const { text: token } = await run('device', 'credentials', 'm-1', '--kind', 'token', '--name', 'shed', '--json');
  assert.equal((await run('device', 'credentials', 'm-1', '--kind', 'key', '--file', 'key.pem')).status, 0);
  assert.match((await run('device', 'credentials', 'm-1', '--list')).text, /token +shed/);
  const { id } = JSON.parse(token) as { id: string };
  assert.match((await run('device', 'credentials', 'm-1', '--revoke', id)).text, /^Revoked/);
  assert.doesNotMatch((await run('device', 'credentials', 'm-1', '--list')).text, /shed/);
  const made = await run('claim-key', 'make', 'meter', '--prefix', 'plant-', '--json');
  const { key, id: keyId } = JSON.parse(made.text) as { key: string; id: string };
  await server.api('POST', '/v1/claims', { key, deviceId: 'plant-1' });
  assert.match((await run('claim-key', 'list')).text, /meter +plant- +0 /);
  assert.match((await run('claim-key', 'remove', keyId)).text, /^Removed/);
});
