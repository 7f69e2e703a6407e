/** Gets what was read from a socket. The bytes are valid during the call: what is read or handled next writes over them. */
export type ReadCallback = (bytes: Buffer) => void;

/**
 * Short reads of one turn of the event loop, as they came, until some of them are handled one after the other. Reading is the
 * system's work and handling is ours: where each read is handled at once they take turns at the processor, and each finds its
 * caches full of the other's (docs/decisions/0159).
 */
export class TurnInput {
  readonly #memory = Buffer.allocUnsafeSlow(keptReadsMax * shortReadBytesMax);
  readonly #lengths = new Uint16Array(keptReadsMax);
  readonly #callbacks: (ReadCallback | undefined)[] = Array(keptReadsMax).fill(undefined);
  #count = 0;
  #bytes = 0;
  readonly #shown = Buffer.allocUnsafeSlow(shortReadBytesMax);
  /** By length: those of one length are the same view. */
  readonly #views = Array.from({ length: shortReadBytesMax + 1 }, (_, bytes) => this.#shown.subarray(0, bytes));

  /** Adds a copy of the first bytes of what is read into, `shortReadBytesMax` at most, and handles all that is there once it is much. */
  add(read: Buffer, bytes: number, callback: ReadCallback): void {
    read.copy(this.#memory, this.#bytes, 0, bytes);
    this.#bytes += bytes;
    this.#lengths[this.#count] = bytes;
    this.#callbacks[this.#count++] = callback;
    if (this.#count === keptReadsMax) this.handle();
  }

  /** Hands everything out in the order in which it was added. None of the callbacks may add anything. */
  handle(): void {
    const count = this.#count;
    this.#count = 0;
    this.#bytes = 0;
    for (let i = 0, at = 0; i < count; i++) {
      const bytes = this.#lengths[i];
      const callback = this.#callbacks[i] as ReadCallback;
      this.#callbacks[i] = undefined;
      this.#memory.copy(this.#shown, 0, at, at + bytes);
      at += bytes;
      callback(this.#views[bytes]);
    }
  }
}

/** A longer read brings enough to be handled at once, behind those that are kept, and would cost more to copy. */
export const shortReadBytesMax = 1024;

/**
 * Enough for what changing sides costs to be shared by many, and so few that those who wait for an answer to the first have it while others are
 * still read.
 */
export const keptReadsMax = 64;
