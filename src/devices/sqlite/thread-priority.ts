import { constants, getPriority, setPriority } from 'node:os';
import type { WorkerRole } from './operations.ts';

/**
 * Lets the thread that calls it step behind the event loop where they share a core: who waits for an acknowledgement comes
 * before what is stored behind it, and both before a long answer. Reading stays as it is.
 * A sandbox may forbid it; then the thread goes on as it is. Answers what the system said, where it refused.
 *
 * Linux gives each thread a priority of its own; elsewhere the call would lower that of the whole process, so it is not made.
 */
export function stepBehindTheEventLoop(role: WorkerRole, system = { getPriority, setPriority }): string | undefined {
  if (process.platform !== 'linux' || steps[role] === 0) return undefined;
  try {
    system.setPriority(Math.min(system.getPriority() + steps[role], constants.priority.PRIORITY_LOW));
    return undefined;
  } catch (problem) {
    return (problem as Error).message;
  }
}

/** Behind the process's own niceness: about a third, and a tenth, of the time that the event loop gets when both want the same core. */
const steps: Readonly<Record<WorkerRole, number>> = { writer: 5, reader: 0, scanner: 10 };
