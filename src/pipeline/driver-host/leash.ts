import { spawn } from 'node:child_process';

/**
 * Ends a process when this one is gone, however it went: a shell waits at a pipe that only this process holds open. A script that
 * loops would otherwise go on for ever, since it is from here that it is ended. Answers what to call once the process has ended by
 * itself; undefined where there is no shell.
 */
export function leash(pid: number): (() => void) | undefined {
  const shell = spawn('/bin/sh', ['-c', 'read -r line; kill -9 "$0"', String(pid)], {
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Where it does not start, what runs has a time box of its own: that is all there is to do about it.
  shell.on('error', () => undefined);
  if (shell.pid === undefined) return undefined;
  shell.stdin.on('error', () => undefined);
  return () => void shell.kill('SIGKILL');
}
