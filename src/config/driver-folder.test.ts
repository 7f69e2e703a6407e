import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { manifestFile, readDriverFolder, scriptFile } from './driver-folder.ts';

test('a script that is a pipe or has no end in sight is refused before it is read', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-driver-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, manifestFile), '{"id":"meter","version":"1.0.0","deviceType":"meter"}');
  const script = join(folder, scriptFile);
  execFileSync('mkfifo', [script]);
  await assert.rejects(readDriverFolder(folder), /^Error: Cannot read ".*codec\.js": it is no file$/);
  rmSync(script);
  writeFileSync(script, '');
  truncateSync(script, 1_048_577);
  await assert.rejects(readDriverFolder(folder), /codec\.js": it has 1048577 bytes, at most 1048576 are read$/);
  truncateSync(script, 0);
  assert.equal((await readDriverFolder(folder)).script, '');
});
