import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import type { Driver } from '../driver.ts';
import { builtInDrivers } from '../drivers/index.ts';
import { Executor } from './executor.ts';
import type { Job, Report } from './job.ts';
import { numberOfThisThread } from './processor-time.ts';

/** What `thread-runner.ts` hands over. */
export interface ThreadData {
  /**
   * [first, count] of the messages that are worked on, and the number by which the system knows the thread. Shared, so that a
   * thread that hangs still tells where.
   */
  readonly progress: Int32Array;
  readonly timeoutMs: number;
  /** Module with further drivers, exported as `drivers`: tests bring misbehaving ones. */
  readonly moreDrivers: string | undefined;
}

const { progress, timeoutMs, moreDrivers } = workerData as ThreadData;
const more: { drivers: readonly Driver[] } = moreDrivers === undefined ? { drivers: [] } : await import(moreDrivers);

const executor = new Executor({
  drivers: [...builtInDrivers, ...more.drivers],
  timeoutMs,
  // Drivers that are built in have no contexts that could keep anything.
  heapBytesHigh: Number.POSITIVE_INFINITY,
  collectGarbage: () => undefined,
  begin: (first, count) => {
    Atomics.store(progress, 0, first);
    Atomics.store(progress, 1, count);
  },
});

// A promise that a driver or the schema of a library left alone is its own affair: the answer has been given.
process.on('unhandledRejection', () => undefined);
parentPort?.on('message', (job: Job) => report({ kind: 'done', results: executor.run(job) }));
Atomics.store(progress, 2, numberOfThisThread());
report({ kind: 'ready' });

function report(what: Report): void {
  parentPort?.postMessage(what);
}
