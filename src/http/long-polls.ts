import { SluiceError } from '../errors.ts';

/** Requests that may wait at once. Each costs a socket and a waiter in the engine. */
export const longPollsMax = 5_000;
/** Those of them that may be one client's, so that no one keeps all others out. */
export const longPollsPerClientMax = 1_000;

export type LongPollBound = 'longPollsMax' | 'longPollsPerClientMax';

/** One wait of a long poll. */
export interface Wait<T> {
  /** Name of the client whose share of the places it takes. Absent: of none. */
  readonly client?: string;
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
  readonly #perClientMax: number;
  readonly #byClient = new Map<string, number>();
  #count = 0;
  #stopped = false;

  constructor(max = longPollsMax, perClientMax = longPollsPerClientMax) {
    this.#max = max;
    this.#perClientMax = perClientMax;
  }

  /** Waits that are still held somewhere, also those whose caller left. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count >= this.#max;
  }

  /** The bound that leaves no room for one more of this client. */
  boundFor(client: string): LongPollBound | undefined {
    if (this.isFull) return 'longPollsMax';
    return (this.#byClient.get(client) ?? 0) < this.#perClientMax ? undefined : 'longPollsPerClientMax';
  }

  /** What came; undefined where the caller left or the server stops. Rejects with `quota_exceeded` where too many wait already, of all or of this client. */
  async wait<T>(wait: Wait<T>): Promise<T | undefined> {
    if (this.#stopped) return undefined;
    if (this.isFull) {
      throw new SluiceError('quota_exceeded', `Poll again later: ${this.#max} requests are waiting already`, {
        detail: { limit: 'longPollsMax' },
      });
    }
    this.#enter(wait.client);
    const { promise: end, resolve } = Promise.withResolvers<undefined>();
    const finish = (): void => resolve(undefined);
    this.#enders.add(finish);
    wait.onLeft(finish);
    this.#count++;
    const pending = wait.start().finally(() => {
      this.#count--;
      this.#left(wait.client);
    });
    try {
      const winner = await Promise.race([pending.then((value) => ({ value })), end]);
      if (winner === undefined) wait.late(pending);
      return winner?.value;
    } finally {
      this.#enders.delete(finish);
    }
  }

  #enter(client: string | undefined): void {
    if (client === undefined) return;
    const waiting = this.#byClient.get(client) ?? 0;
    if (waiting >= this.#perClientMax) {
      const sentence = `Poll again later: ${waiting} requests of client "${client}" are waiting already`;
      throw new SluiceError('quota_exceeded', sentence, { detail: { limit: 'longPollsPerClientMax' } });
    }
    this.#byClient.set(client, waiting + 1);
  }

  #left(client: string | undefined): void {
    if (client === undefined) return;
    const waiting = (this.#byClient.get(client) ?? 0) - 1;
    if (waiting > 0) this.#byClient.set(client, waiting);
    else this.#byClient.delete(client);
  }

  /** Ends every wait, and those that come later at once. */
  stop(): void {
    this.#stopped = true;
    for (const end of [...this.#enders]) end();
  }
}
