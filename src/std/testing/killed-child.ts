import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * For tests: runs a script that says something now and then, and kills it when it has said so many marks, at whatever it does
 * then. Answers what it said.
 */
export async function runUntilKilled(
  script: string,
  args: readonly string[],
  marks: number,
  mark: '.' | '\n' = '.',
): Promise<string> {
  const running = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(running, 'exit');
  let said = '';
  for await (const chunk of running.stdout) {
    said += chunk;
    if (said.split(mark).length > marks) running.kill('SIGKILL');
  }
  const [, signal] = await exited;
  assert.equal(signal, 'SIGKILL');
  return said;
}

/** The lines of what a killed child said that it said to their ends. */
export function wholeLines(said: string): string[] {
  return said.split('\n').slice(0, -1);
}
