import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Environment } from './environment.ts';

test('where the disk takes no more, receipts fail, none succeeds afterwards, and what was acknowledged is there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-full-'));
  const child = fileURLToPath(new URL('./testing/failing-child.ts', import.meta.url));
  // A limit on the size of files is a full disk for the one process that has it. In blocks of 1024 bytes: 20 MiB.
  const script = 'ulimit -f 20480; exec "$0" "$@"';
  const { stdout } = await promisify(execFile)('bash', ['-c', script, process.execPath, child, folder]);
  const { failures, refused, reason, stored, failed, afterFailure } = JSON.parse(stdout);
  assert.deepEqual(failures, ['storage_failed']);
  assert.equal(refused, 'storage_failed');
  assert.match(reason, /^Cannot store: .+/);
  assert.ok(stored > 0, 'nothing was stored before the limit');
  assert.ok(failed > 1, 'nobody was told');
  assert.equal(afterFailure, 0);

  const environment = new Environment(folder);
  const keys = environment.readKeys('retained', Buffer.from([0]), Buffer.from([0xff]), Number.POSITIVE_INFINITY);
  await environment.close();
  assert.ok(keys.length >= stored, `${stored} were acknowledged and ${keys.length} are there`);
  rmSync(folder, { recursive: true });
});
