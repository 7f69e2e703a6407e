import process from 'node:process';
import v8 from 'node:v8';
import vm from 'node:vm';
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
  collectGarbage: garbageCollector(),
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

/** Only contexts that are made while the flag is set have it: scripts find none. */
function garbageCollector(): () => void {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  v8.setFlagsFromString('--no-expose-gc');
  return collect;
}

function report(what: Report): void {
  process.send?.(what);
}
