import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Program } from './clients/program.ts';

const script = fileURLToPath(new URL('../bench/session-kill.ts', import.meta.url));

test('kept sessions lose nothing and get QoS 2 exactly once, over five kills under load', async () => {
  const args = [script, '--kills', '5', '--messages', '500', '--publishers', '4', '--subscribers', '4'];
  const { code, stdout, stderr } = await new Program(process.execPath, args).ended;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /acknowledged 2000, received 8000 by 4 subscribers, lost 0\n/);
  assert.match(stdout, /QoS 2 came twice 0, out of order 0, sessions lost 0/);
});
