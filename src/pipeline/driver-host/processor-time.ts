import { existsSync, readFileSync, readlinkSync } from 'node:fs';

/** What one tick of Linux's accounts is; the kernel shows it in hundredths of a second, however it counts. */
const tickMs = 10;
const threadSelf = '/proc/thread-self';

/** The number by which the system knows the thread that asks; 0 where the system does not say. */
export function numberOfThisThread(): number {
  return existsSync(threadSelf) ? Number(readlinkSync(threadSelf).split('/').at(-1)) : 0;
}

/**
 * Milliseconds for which a thread had the processor. Its number is also that of its process where it is the main thread of one.
 * Undefined where the system keeps no such account, or the thread is gone.
 */
export function processorMsOf(pid: number, thread = pid): number | undefined {
  try {
    return readTimes(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** `number (name) state …`, where the name may hold anything; the times are the fields 14 and 15. */
function readTimes(stat: string): number {
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) * tickMs;
}
