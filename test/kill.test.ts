import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Program } from './clients/program.ts';

const script = fileURLToPath(new URL('../bench/kill.ts', import.meta.url));

test('no acknowledged message is lost, and every duplicate explained, over six kills under load', async () => {
  const { code, stdout, stderr } = await new Program(process.execPath, [script, '--cycles', '6', '--seed', '3']).ended;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /acknowledged (\d+), received \1, lost 0\n/);
  assert.match(stdout, /, 0 without explanation/);
  assert.match(stdout, /data folder checked \d+ times, findings 0/);
});
