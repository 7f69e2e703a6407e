import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { run, runAgainst } from './testing/fake-server.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
});
afterEach(() => rm(cwd, { recursive: true }));

test('export-history writes what the server sends', async () => {
  const answers = { 'GET /v1/export': { body: 'deviceId\r\na\r\n', type: 'text/csv' } };
  const argv = ['export-history', 'all.csv', '--type', 'meter', '--from', '0'];
  const { status, seen } = await runAgainst(answers, argv, { cwd });
  assert.equal(status, 0);
  assert.equal(seen[0].url, '/v1/export?type=meter&from=0&format=csv');
  assert.equal(await readFile(join(cwd, 'all.csv'), 'utf8'), 'deviceId\r\na\r\n');
  assert.deepEqual(await readdir(cwd), ['all.csv']);
});

test('export-history leaves no file where the answer breaks off, or where there is none', async (t) => {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/v1/devices/')) {
      response.writeHead(404, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ detail: 'There is no device "d-1"', code: 'device_unknown' }));
      return;
    }
    response.write('a line\n', () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const env = { SLUICE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  const broken = await run(['export-history', 'all.csv'], { cwd, env });
  assert.equal(broken.status, 1);
  assert.match(broken.err, /^Cannot write all of .*all\.csv/);
  const unknown = await run(['export-history', 'one.csv', '--device', 'd-1'], { cwd, env });
  assert.match(unknown.err, /^There is no device "d-1" \(device_unknown\)/);
  assert.deepEqual(await readdir(cwd), []);
});
