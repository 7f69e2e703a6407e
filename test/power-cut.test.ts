import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noCuttableDisk } from '../bench/kill/cuttable-disk.ts';
import { Program } from './clients/program.ts';

const script = fileURLToPath(new URL('../bench/power-cut.ts', import.meta.url));

const skip = noCuttableDisk();

test('nothing acknowledged is lost, and every duplicate explained, over three power cuts', { skip }, async () => {
  const { code, stdout, stderr } = await new Program(process.execPath, [script, '--cuts', '3', '--seed', '3']).ended;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /acknowledged (\d+), received \1, lost 0\n/);
  assert.match(stdout, /, 0 without explanation/);
  assert.match(stdout, /data folder checked \d+ times, findings 0/);
});
