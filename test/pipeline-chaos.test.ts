import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Program } from './clients/program.ts';

const script = fileURLToPath(new URL('../bench/pipeline-chaos.ts', import.meta.url));

test('sent is applied, stale, duplicate and dead, and the state is the newest, in four runs of chaos', async () => {
  const args = [script, '--runs', '4', '--seed', '20'];
  const { code, stdout, stderr } = await new Program(process.execPath, args).ended;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /^4 runs from seed 20: 4 add up, 0 do not\.$/m);
  assert.match(stdout, /; lost 0\.$/m);
});
