import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missing, Program } from './clients/program.ts';

const script = fileURLToPath(new URL('../bench/queue-depth.ts', import.meta.url));

const skip = missing('/usr/bin/cc', 'gcc');

test('a queue that is filled, killed, drained and filled again has lost nothing and uses its file again', {
  skip,
}, async () => {
  const size = ['--messages', '20000', '--sample', '2000', '--rounds', '2'];
  const { code, stdout, stderr } = await new Program(process.execPath, [script, ...size]).ended;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /\| lost, twice \| 0, 0 \|/);
  assert.match(stdout, /\| file, filled again \| [^|]+\| grows by at most 10 % \| yes \|/);
});
