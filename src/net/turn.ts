/** Something that has output to send at the end of the turn. */
export interface Flushable {
  flush(): void;
}

/** Collects what one turn of the event loop has written to, and flushes each once after all input of the turn was handled. */
export class Turn {
  /** Two lists that change places each turn; as long as the longest turn's, and empty from `#count` on. */
  #dirty: (Flushable | undefined)[] = [];
  #flushing: (Flushable | undefined)[] = [];
  #count = 0;
  readonly #counters: { bytesOut: number };
  readonly #ends = (): void => this.#end();

  constructor(counters: { bytesOut: number }) {
    this.#counters = counters;
  }

  /** The caller adds itself once until it is flushed. */
  add(flushable: Flushable): void {
    if (this.#count === 0) setImmediate(this.#ends);
    this.#dirty[this.#count++] = flushable;
  }

  /** Whoever flushes says how much it was. */
  sent(bytes: number): void {
    this.#counters.bytesOut += bytes;
  }

  #end(): void {
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
