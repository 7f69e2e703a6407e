import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Program } from './clients/program.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

test('the demo kills the server, mends the driver, replays, and its account adds up', async () => {
  const { code, stdout, stderr } = await new Program(process.execPath, [main, 'demo']).ended;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /kill -9/);
  assert.match(stdout, /It adds up: .*lost 0/);
});
