/** Something that has output to send at the end of the turn. */
export interface Flushable {
  flush(): void;
}

/** Collects what one turn of the event loop has written to, and flushes each once after all input of the turn was handled. */
export class Turn {
  #dirty: Flushable[] = [];
  #scheduled = false;
  readonly #counters: { bytesOut: number };

  constructor(counters: { bytesOut: number }) {
    this.#counters = counters;
  }

  /** The caller adds itself once until it is flushed. */
  add(flushable: Flushable): void {
    this.#dirty.push(flushable);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#end());
  }

  /** Whoever flushes says how much it was. */
  sent(bytes: number): void {
    this.#counters.bytesOut += bytes;
  }

  #end(): void {
    this.#scheduled = false;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (let i = 0; i < dirty.length; i++) dirty[i].flush();
  }
}
