import process from 'node:process';
import v8 from 'node:v8';
import vm from 'node:vm';
import { Executor } from './executor.ts';
import { harden } from './harden.ts';
import { JobPipe } from './job-pipe.ts';

/** Where the server's end of the pipe is. */
export const jobDescriptor = 3;

const jobsPerTurn = 16;

/** Arguments of this process, as JSON: what `process-runner.ts` hands over. */
export interface ProcessData {
  readonly timeoutMs: number;
  readonly heapBytesHigh: number;
  /** Driver numbers below this one are built in, and never come here. */
  readonly scriptsFrom: number;
}

const { timeoutMs, heapBytesHigh, scriptsFrom }: ProcessData = JSON.parse(process.argv[2]);

const pipe = new JobPipe(jobDescriptor);
const executor = new Executor({
  drivers: new Array(scriptsFrom),
  timeoutMs,
  heapBytesHigh,
  collectGarbage: garbageCollector(),
  begin: (first, count) => pipe.report({ kind: 'begin', first, count }),
});

// A promise that a script forgot is its own affair: the answer has been given.
process.on('unhandledRejection', () => undefined);
harden();
pipe.report({ kind: 'ready' });
work();

/** One job after the other, with a turn of the event loop now and then, where forgotten promises are dealt with. */
function work(): void {
  for (let jobs = 0; jobs < jobsPerTurn; jobs++) {
    const job = pipe.next();
    if (job === undefined) process.exit();
    pipe.report({ kind: 'done', results: executor.run(job) });
    executor.tidy();
  }
  setImmediate(work);
}

/** Only contexts that are made while the flag is set have it: scripts find none. */
function garbageCollector(): () => void {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  v8.setFlagsFromString('--no-expose-gc');
  return collect;
}
