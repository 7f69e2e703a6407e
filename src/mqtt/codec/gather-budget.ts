import { GatherPool } from './gather-pool.ts';

/** What connections of one kind may have set aside together for packets that have come in part. */
export interface GatherTerms {
  readonly bytesMax: number;
  /** A packet up to this size can always be gathered, since any may lie across two reads. */
  readonly alwaysBytes: number;
  /** Up to so much in all is set aside far ahead of what has come. */
  readonly farAheadBytesMax: number;
}

/** Lends memory of a pool, and counts what is lent. Memory goes back to the budget that it came from. */
export class GatherBudget {
  readonly bytesMax: number;
  readonly #pool: GatherPool;
  readonly #terms: GatherTerms;
  #lentBytes = 0;

  constructor(pool = new GatherPool(), terms = endless) {
    this.#pool = pool;
    this.#terms = terms;
    this.bytesMax = terms.bytesMax;
  }

  /** What is lent now. */
  get lentBytes(): number {
    return this.#lentBytes;
  }

  /** Memory for a packet of which so many bytes have come, and up to `wanted` will; undefined where that cannot be lent. */
  take(arrived: number, wanted: number): Buffer | undefined {
    const { bytesMax, alwaysBytes, farAheadBytesMax } = this.#terms;
    const far = this.#pool.sizeFor(capacityFor(arrived, wanted, farAhead));
    const isFar = this.#lentBytes + far <= farAheadBytesMax;
    const bytes = isFar ? far : this.#pool.sizeFor(capacityFor(arrived, wanted, nearAhead));
    if (bytes > alwaysBytes && this.#lentBytes + bytes > bytesMax) return undefined;
    this.#lentBytes += bytes;
    return this.#pool.take(bytes);
  }

  /** Whoever took it needs it no more. */
  release(memory: Buffer): void {
    this.#lentBytes -= memory.length;
    this.#pool.letGo(memory);
  }

  /** As `release`, where a socket may still read into it: nobody gets it again. */
  discard(memory: Buffer): void {
    this.#lentBytes -= memory.length;
    this.#pool.discard(memory);
  }
}

function capacityFor(arrived: number, wanted: number, ahead: number): number {
  const capacity = Math.max(gatherBytesMin, ahead * arrived);
  // Not a little less than what is wanted: nearly all of it would be moved once more.
  return Math.max(arrived, capacity > 0.75 * wanted ? wanted : capacity);
}

/** What is first set aside for a packet that has not arrived whole, unless it is shorter. */
const gatherBytesMin = 1024;

/**
 * How many times as much as has arrived is set aside, at most about: far ahead a large packet is moved once while it grows, near
 * ahead whoever wants to take the room of all has to send nearly half of it (docs/decisions/0153).
 */
const farAhead = 16;
const nearAhead = 2;

const endless: GatherTerms = {
  bytesMax: Number.POSITIVE_INFINITY,
  alwaysBytes: 0,
  farAheadBytesMax: Number.POSITIVE_INFINITY,
};
