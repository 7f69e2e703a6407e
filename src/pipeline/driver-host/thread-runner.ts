import process from 'node:process';
import { Worker } from 'node:worker_threads';
import type { ThreadData } from './driver-thread.ts';
import type { Job, Report } from './job.ts';
import { processorMsOf } from './processor-time.ts';
import { entryFile, type Runner, type RunnerEvents } from './runner.ts';

/** Heap of one thread; a driver's garbage is collected long before. */
const heapMebibytesMax = 128;

/** A worker thread for the drivers that are built in. */
export function startThread(timeoutMs: number, moreDrivers: string | undefined, events: RunnerEvents): Runner {
  const progress = new Int32Array(new SharedArrayBuffer(12));
  const workerData: ThreadData = { progress, timeoutMs, moreDrivers };
  const worker = new Worker(entryFile('driver-thread', import.meta.url), {
    workerData,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: heapMebibytesMax },
  });
  let reason = '';
  worker.on('message', (report: Report) => {
    if (report.kind === 'ready') events.ready();
    if (report.kind === 'done') events.done(report.results);
  });
  worker.on('error', (problem: Error) => {
    reason = problem.message;
  });
  worker.on('exit', (code) => events.gone(reason === '' ? `exit code ${code}` : reason));
  return {
    progress: () => ({ first: Atomics.load(progress, 0), count: Atomics.load(progress, 1) }),
    processorMs: () => {
      const thread = Atomics.load(progress, 2);
      return thread === 0 ? undefined : processorMsOf(process.pid, thread);
    },
    post: (job: Job) => {
      Atomics.store(progress, 0, 0);
      Atomics.store(progress, 1, job.untold);
      worker.postMessage(job, [job.bytes.buffer as ArrayBuffer]);
    },
    kill: async () => {
      worker.removeAllListeners();
      await worker.terminate();
    },
  };
}
