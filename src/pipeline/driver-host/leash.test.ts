import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { leash } from './leash.ts';

test('a process that loops ends with the one that holds its leash, however that one ends', {
  timeout: 30_000,
}, async () => {
  const holder = spawn(process.execPath, ['--input-type=module', '-e', holderScript], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  // The loop writes once and holds the other end of this pipe for as long as it lives.
  const looped = holder.stdio[3] as NodeJS.ReadableStream;
  await once(looped, 'data');
  holder.kill('SIGKILL');
  await once(looped.resume(), 'end');
});

test('a process that has ended by itself is let go', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  const release = leash(child.pid ?? 0);
  await once(child, 'exit');
  assert.ok(release !== undefined);
  release();
});

const holderScript = `
import { spawn } from 'node:child_process';
import { leash } from ${JSON.stringify(new URL('./leash.ts', import.meta.url).href)};
const loop = "require('node:fs').writeSync(3, 'on'); for (;;);";
const child = spawn(process.execPath, ['-e', loop], { stdio: ['ignore', 'ignore', 'ignore', 3] });
leash(child.pid);
setInterval(() => undefined, 1000);
`;
