import { type ReadCallback, TurnInput } from './turn-input.ts';

/** Something that has output to send at the end of the turn. */
export interface Flushable {
  flush(): void;
}

/**
 * One turn of the event loop: what was read in it is handled by its end, and then leaves what was written to, each once, or behind a
 * part of what is handled where that takes long.
 */
export class Turn {
  readonly #input = new TurnInput();
  /** Two lists that change places each turn; as long as the longest turn's, and empty from `#count` on. */
  #dirty: (Flushable | undefined)[] = [];
  #flushing: (Flushable | undefined)[] = [];
  #count = 0;
  #isScheduled = false;
  #since = 0;
  /** How long what has been written since then waits in this turn. */
  #waitMs = waitMsMin;
  readonly #counters: { bytesOut: number };
  readonly #elapsed: () => number;
  readonly #ends = (): void => {
    try {
      this.#input.handle();
    } finally {
      this.#isScheduled = false;
      this.#waitMs = waitMsMin;
      this.#flush();
    }
  };

  /** `elapsed` tells milliseconds, with fractions, since whenever. */
  constructor(counters: { bytesOut: number }, elapsed = (): number => performance.now()) {
    this.#counters = counters;
    this.#elapsed = elapsed;
  }

  /**
   * Keeps a copy of the first bytes of what is read into, `shortReadBytesMax` at most, to be handled with others: in this call or
   * by the end of the turn. Node tells of the end of a socket behind that (`uv_close` calls back behind `setImmediate`), so that what it sent last
   * is handled before.
   */
  keep(read: Buffer, bytes: number, callback: ReadCallback): void {
    this.#input.add(read, bytes, callback);
    this.#schedule();
  }

  /** Handles what is kept now. */
  handle(): void {
    this.#input.handle();
  }

  /** The caller adds itself once until it is flushed. */
  add(flushable: Flushable): void {
    if (this.#count === 0) this.#begin();
    this.#dirty[this.#count++] = flushable;
  }

  /** Some input is handled, and there may be more: what has waited for long leaves. */
  goOn(): void {
    if (this.#count === 0) return;
    const now = this.#elapsed();
    if (now - this.#since <= this.#waitMs) return;
    this.#flush();
    this.#waitMs = Math.max(waitMsMin, (this.#elapsed() - now) * waitPerFlush);
  }

  /** Whoever flushes says how much it was. */
  sent(bytes: number): void {
    this.#counters.bytesOut += bytes;
  }

  #begin(): void {
    this.#since = this.#elapsed();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#ends);
  }

  #flush(): void {
    const dirty = this.#dirty;
    const count = this.#count;
    this.#dirty = this.#flushing;
    this.#flushing = dirty;
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      const flushable = dirty[i];
      dirty[i] = undefined;
      flushable?.flush();
    }
  }
}

/** At 20,000 messages a second nearly every turn is shorter; in one that catches up the first do not wait for the last. */
export const waitMsMin = 0.1;

/**
 * Where many are written to, as where a hundred consumers take turns at one queue, each gets little at a time: what leaves early
 * must not take more than an eighth of the turn, else there is a write for each message.
 */
export const waitPerFlush = 8;
