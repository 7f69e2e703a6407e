import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Program } from './clients/program.ts';

const script = fileURLToPath(new URL('../bench/kill.ts', import.meta.url));

test('no acknowledged message is lost, and every duplicate explained, over three kills under load', async () => {
  const args = [script, '--kills', '3', '--messages', '30000', '--publishers', '20'];
  const { code, stdout, stderr } = await new Program(process.execPath, args).ended;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /acknowledged 30000, received 30000, lost 0/);
  assert.match(stdout, /, 0 without explanation/);
});
