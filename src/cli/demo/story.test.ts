import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('the demo that is interrupted ends, and its server with it', async () => {
  const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
  const demo = spawn(process.execPath, [main, 'demo'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(demo, 'exit');
  let folder = '';
  let server = 0;
  for await (const line of createInterface({ input: demo.stdout })) {
    folder = / in (\S+)$/.exec(line)?.[1] ?? folder;
    server = Number(/ process (\d+)$/.exec(line)?.[1] ?? server);
    if (line.includes('kill -9')) demo.kill('SIGINT');
  }
  assert.deepEqual(await exited, [1, null]);
  assert.throws(() => process.kill(server, 0), { code: 'ESRCH' });
  await rm(folder, { recursive: true });
});
