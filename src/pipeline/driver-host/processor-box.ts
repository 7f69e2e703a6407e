import process from 'node:process';
import { isTimeout } from './script-problem.ts';

/**
 * Calls `attempt`, which `vm` ends after `timeoutMs`, anew where the machine took that time and not what ran: a busy machine must not
 * make a good message a dead letter, nor have a good script or schema refused. The box counts processor time, the timer of `vm` only
 * wakes. `putRight` is called behind an attempt that is made anew.
 */
export function inProcessorTime<T>(timeoutMs: number, attempt: () => T, putRight: () => void): T {
  const started = process.threadCpuUsage();
  for (let retries = 0; ; retries++) {
    try {
      return attempt();
    } catch (problem) {
      if (!isTimeout(problem) || retries === starvedRetriesMax || !wasStarved(started, timeoutMs)) throw problem;
      putRight();
    }
  }
}

/** On a machine so busy that this is not enough it may as well be what runs that takes its time. */
const starvedRetriesMax = 4;

function wasStarved(started: NodeJS.CpuUsage, timeoutMs: number): boolean {
  const { user, system } = process.threadCpuUsage(started);
  return user + system < timeoutMs * 500;
}
