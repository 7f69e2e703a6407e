import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Job } from './job.ts';
import { ReportReader, writeJob } from './job-pipe.ts';
import { leash } from './leash.ts';
import { processorMsOf } from './processor-time.ts';
import { entryFile, type Runner, type RunnerEvents } from './runner.ts';
import type { ProcessData } from './script-process.ts';

/** Heap of one process: the contexts of 256 scripts take 64 MiB. */
const heapMebibytesMax = 256;
/** Where contexts are given up. */
const heapBytesHigh = heapMebibytesMax * 0.75 * 1024 * 1024;

/**
 * All memory of one process: arrays of bytes lie beside the heap, and a script fills gigabytes of them before it counts as hung. Node has
 * 575 MiB of it when it begins, nearly all for machine code that never comes.
 */
const dataMebibytesMax = 1_536;
/** Becomes the process that it limits. */
const limited = `ulimit -d ${dataMebibytesMax * 1024} 2>/dev/null; exec "$0" "$@"`;
/** Elsewhere that limit counts something else, or there is no such shell. */
const isLimited = process.platform === 'linux' && existsSync('/bin/sh');

/** A process for codec scripts: no environment, no files to write, no processes or threads to start, memory of its own. */
export function startProcess(timeoutMs: number, scriptsFrom: number, events: RunnerEvents): Runner {
  const data: ProcessData = { timeoutMs, heapBytesHigh, scriptsFrom };
  const flags = ['--permission', '--allow-fs-read=*', `--max-old-space-size=${heapMebibytesMax}`];
  const file = fileURLToPath(entryFile('script-process', import.meta.url));
  const command = [process.execPath, ...flags, file, JSON.stringify(data)];
  const [program, ...given] = isLimited ? ['/bin/sh', '-c', limited, ...command] : command;
  const child = spawn(program, given, {
    // The Things Stack runs codecs in UTC, and a time that a codec writes out must not depend on where the server stands.
    env: { TZ: 'UTC' },
    // What it would print when its heap is full is the engine's stack trace; the exit tells enough. The fourth is for jobs.
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const jobs = child.stdio[3] as Socket;
  const release = child.pid === undefined ? undefined : leash(child.pid);
  let progress = { first: 0, count: 0 };
  let isGone = false;
  const reports = new ReportReader((report) => {
    // What was on its way when it was killed belongs to a job that others have taken over.
    if (isGone) return;
    if (report.kind === 'ready') events.ready();
    else if (report.kind === 'begin') progress = report;
    else events.done(report.results);
  });
  jobs.on('data', (chunk: Buffer) => reports.push(chunk));
  // A write that fails is followed by the exit, which is where it is dealt with.
  jobs.on('error', () => undefined);
  child.on('error', (problem) => gone(problem.message));
  child.on('exit', (code, signal) => gone(signal === null ? `exit code ${code}` : `signal ${signal}`));

  function gone(reason: string): void {
    release?.();
    if (isGone) return;
    isGone = true;
    events.gone(reason);
  }

  return {
    progress: () => progress,
    processorMs: () => (child.pid === undefined ? undefined : processorMsOf(child.pid)),
    post: (job: Job) => {
      progress = { first: 0, count: job.untold };
      jobs.write(writeJob(release === undefined ? { ...job, boxAll: true } : job));
    },
    kill: async () => {
      if (isGone) return;
      isGone = true;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
