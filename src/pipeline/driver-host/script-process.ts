import process from 'node:process';
import { Executor } from './executor.ts';
import { harden } from './harden.ts';
import type { Job, Report } from './job.ts';

/** Arguments of this process, as JSON: what `process-runner.ts` hands over. */
export interface ProcessData {
  readonly timeoutMs: number;
  readonly heapBytesHigh: number;
  /** Driver numbers below this one are built in, and never come here. */
  readonly scriptsFrom: number;
}

const { timeoutMs, heapBytesHigh, scriptsFrom }: ProcessData = JSON.parse(process.argv[2]);

const executor = new Executor({
  drivers: new Array(scriptsFrom),
  timeoutMs,
  heapBytesHigh,
  begin: (first, count) => report({ kind: 'begin', first, count }),
});

// A promise that a script forgot is its own affair: the answer has been given.
process.on('unhandledRejection', () => undefined);
process.on('disconnect', () => process.exit());
process.on('message', (job: Job) => {
  report({ kind: 'done', results: executor.run(job) });
  executor.tidy();
});
harden();
report({ kind: 'ready' });

function report(what: Report): void {
  process.send?.(what);
}
