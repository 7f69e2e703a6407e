/**
 * How many messages a consumer may hold at once, by how fast it settles them. It starts low, so that a slow one does not
 * hoard what others could work on; settling as many as it may hold within `fastMs` doubles that, taking longer than
 * `slowMs` halves it again. The consumer's credit and the queue's limit cap it.
 */
export class Pace {
  limit = inflightInitial;
  #settled = 0;
  #since: number;
  readonly #now: () => number;

  /** `now`: epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  /** Counts a message that left the consumer's hands; answers whether `limit` changed. */
  settled(): boolean {
    if (++this.#settled < this.limit) return false;
    const now = this.#now();
    const tookMs = now - this.#since;
    this.#settled = 0;
    this.#since = now;
    const before = this.limit;
    if (tookMs <= fastMs) this.limit = Math.min(before * 2, inflightCeiling);
    else if (tookMs > slowMs) this.limit = Math.max(before / 2, inflightInitial);
    return this.limit !== before;
  }
}

export const inflightInitial = 32;
/** The largest credit that a client can give: Receive Maximum has 16 bits. */
const inflightCeiling = 65_536;
const fastMs = 100;
const slowMs = 1_000;
