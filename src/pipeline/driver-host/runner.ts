import type { Job } from './job.ts';

/** A thread or process that runs jobs, one at a time. */
export interface Runner {
  /** The messages that it works on, by their place in the job; a count of 0 when it has not begun. */
  progress(): { readonly first: number; readonly count: number };
  /** Milliseconds for which it had the processor so far; undefined where the system does not say. */
  processorMs(): number | undefined;
  post(job: Job): void;
  /** Ends it, whatever it does. No event follows. Resolves when it is gone. */
  kill(): Promise<void>;
}

export interface RunnerEvents {
  ready(): void;
  /** JSON of one `DecodeResult` per message of the job. */
  done(results: string): void;
  /** It ended by itself. */
  gone(reason: string): void;
}

export type StartRunner = (events: RunnerEvents) => Runner;

/** The entry file beside the caller: `.ts` in a checkout, `.js` once built. */
export function entryFile(name: string, caller: string): URL {
  const extension = caller.slice(caller.lastIndexOf('.'));
  return new URL(`./${name}${extension}`, caller);
}
