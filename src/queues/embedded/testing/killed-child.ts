import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** For tests: runs a script that says a dot now and then, and kills it when it has said so many, at whatever it does then. */
export async function runUntilKilled(script: string, args: readonly string[], dots: number): Promise<void> {
  const running = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(running, 'exit');
  let seen = 0;
  for await (const chunk of running.stdout) {
    seen += chunk.length;
    if (seen >= dots) running.kill('SIGKILL');
  }
  const [, signal] = await exited;
  assert.equal(signal, 'SIGKILL');
}
