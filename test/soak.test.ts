import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Program } from './clients/program.ts';

const script = fileURLToPath(new URL('../bench/soak.ts', import.meta.url));

test('in a short soak nothing is lost, nothing comes twice that may not, and only wills that are due come', async () => {
  const { code, stdout, stderr } = await new Program(process.execPath, [script, '--minutes', '0.3', '--storm', '300'])
    .ended;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  // Something of everything has happened.
  assert.match(stdout, /Storms: [1-9]\d* connections, 0 refused; wills that should not have come: 0/);
  assert.match(stdout, /Take-overs [1-9]\d*, returns [1-9]\d*, pauses of slow readers [1-9]\d*; sessions lost 0/);
  assert.match(stdout, /Retained: [1-9]\d* changes, wrong in the end 0/);
});
