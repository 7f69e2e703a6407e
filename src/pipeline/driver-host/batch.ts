import type { DecodeRequest, DecodeResult, DriverCall } from '../driver.ts';
import type { LoadedDriver } from './catalogue.ts';

/** The results of one call, as they come in from several threads. */
export class Batch {
  readonly results: DecodeResult[];
  readonly done: Promise<readonly DecodeResult[]>;
  #open: number;
  #resolve: (results: readonly DecodeResult[]) => void = () => undefined;

  constructor(size: number) {
    this.results = new Array(size);
    this.#open = size;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (size === 0) this.#resolve(this.results);
  }

  get isDone(): boolean {
    return this.#open === 0;
  }

  /** As `settle`, where the first answer counts. */
  settleOnce(position: number, result: DecodeResult): void {
    if (this.results[position] === undefined) this.settle(position, result);
  }

  settle(position: number, result: DecodeResult): void {
    this.results[position] = result;
    if (--this.#open === 0) this.#resolve(this.results);
  }
}

/** One message on its way through a thread or process. */
export interface WorkItem {
  readonly driver: LoadedDriver;
  /** Absent when only the driver is to be loaded. */
  readonly request: DecodeRequest | undefined;
  /** The function that a driver which is only to be loaded has to have. */
  readonly wanted?: DriverCall;
  readonly batch: Batch;
  readonly position: number;
  /** Set once it was among the messages at which something broke: whose fault it is shows when it runs by itself. */
  alone: boolean;
  /** Whether its script has run out of time before, and so gets a time box. */
  readonly boxed: boolean;
  /** Tries that ended with their runner, and how long those were at it by the clock; absent where there was none. */
  earlier?: { tries: number; ms: number };
}

/** A result for a message that was not tried, and may be later. */
export function unavailable(reason: string): DecodeResult {
  return { ok: false, stage: 'decode', code: 'unavailable', reason };
}
