import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Environment } from '../storage/environment.ts';
import { RowBatch } from '../storage/row-batch.ts';
import { run } from './testing/fake-server.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sluice-cli-backup-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

/** A data folder where the server would look for one, with that row of a retained message where it is given. */
async function folder(retained?: Buffer): Promise<void> {
  const environment = new Environment(join(cwd, 'data', 'queues'));
  const batch = new RowBatch();
  batch.put('queues', Buffer.from([0, 0, 0, 1]), Buffer.from('{"name":"q","options":{},"createdAt":1}'));
  if (retained !== undefined) batch.put('retained', Buffer.from('a\0b'), retained);
  await environment.transact(batch);
  await environment.close();
}

test('a backup of the data folder that the configuration names is restored where it is asked to', async () => {
  await folder();
  const made = await run(['backup', 'copy'], { cwd });
  assert.match(made.out, /^Backed up .*data to copy: 1 files, \d+ bytes\.$/);
  assert.equal(made.status, 0);
  const restored = await run(['restore', 'copy', '--data', 'restored'], { cwd });
  assert.match(restored.out, /^Restored .*restored as it was at 20/);
  assert.equal(restored.status, 0);
  const again = await run(['restore', 'copy', '--data', 'restored'], { cwd });
  assert.equal(again.status, 1);
  assert.match(again.err, /it is not empty; name a folder that is not there yet \(conflict\)$/);
});

test('what the doctor finds is shown, as a table or as JSON, and a backup of it says so', async () => {
  await folder(Buffer.from([0xff]));
  const table = await run(['doctor'], { cwd });
  assert.equal(table.status, 1);
  assert.match(table.out, /where +problem\nretained message "a\/b" +It cannot be read/);
  const json = await run(['doctor', '--json'], { cwd });
  assert.equal(json.status, 1);
  const { findings, rows } = JSON.parse(json.out);
  assert.equal(findings.length, 1);
  assert.ok(rows > 0);
  const backup = await run(['backup', 'copy'], { cwd });
  assert.equal(backup.status, 1);
  assert.match(backup.err, /^What was backed up is damaged \(1 finding\):\nretained message "a\/b": /);
});

test('the doctor has nothing to say of a folder that is sound, and says where there is none', async () => {
  await folder();
  const { status, out } = await run(['doctor'], { cwd });
  assert.equal(status, 0);
  assert.match(out, /^Nothing is wrong with .*data: \d+ rows read\.$/);
  const nowhere = await run(['doctor', '--data', 'nowhere'], { cwd });
  assert.equal(nowhere.status, 1);
  assert.match(nowhere.out, /environment {2}It cannot be read: .*there is no data.mdb in it/);
});
