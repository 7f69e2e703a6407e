import { SluiceError } from '../errors.ts';

/** Requests that may wait at once. Each costs a socket and a waiter in the engine. */
export const longPollsMax = 5_000;

/** One wait of a long poll. */
export interface Wait<T> {
  readonly start: () => Promise<T>;
  /** Registers what ends the wait because the caller left. */
  readonly onLeft: (end: () => void) => void;
  /** Takes what comes after the wait ended: nobody is there to hear it. */
  readonly late: (pending: Promise<T>) => void;
}

/** The requests that wait for something to come. */
export class LongPolls {
  readonly #enders = new Set<() => void>();
  readonly #max: number;
  #count = 0;
  #stopped = false;

  constructor(max = longPollsMax) {
    this.#max = max;
  }

  /** Waits that are still held somewhere, also those whose caller left. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count >= this.#max;
  }

  /** What came; undefined where the caller left or the server stops. Rejects with `quota_exceeded` where too many wait already. */
  async wait<T>(wait: Wait<T>): Promise<T | undefined> {
    if (this.#stopped) return undefined;
    if (this.isFull) {
      throw new SluiceError('quota_exceeded', `Poll again later: ${this.#max} requests are waiting already`, {
        detail: { limit: 'longPollsMax' },
      });
    }
    const { promise: end, resolve } = Promise.withResolvers<undefined>();
    const finish = (): void => resolve(undefined);
    this.#enders.add(finish);
    wait.onLeft(finish);
    this.#count++;
    const pending = wait.start().finally(() => {
      this.#count--;
    });
    try {
      const winner = await Promise.race([pending.then((value) => ({ value })), end]);
      if (winner === undefined) wait.late(pending);
      return winner?.value;
    } finally {
      this.#enders.delete(finish);
    }
  }

  /** Ends every wait, and those that come later at once. */
  stop(): void {
    this.#stopped = true;
    for (const end of [...this.#enders]) end();
  }
}
