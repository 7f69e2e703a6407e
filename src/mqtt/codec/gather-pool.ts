import { type HeldMemory, referenceBytesMin } from '../../std/bytes.ts';

/**
 * Memory for packets that span reads, lent until a packet is handled. New memory of such a size costs more than copying into
 * it, since the operating system clears every page; so what comes back is kept for the next packet of any connection.
 */
export class GatherPool implements HeldMemory {
  /** By their size. */
  readonly #free = new Map<number, Buffer[]>();
  /** Those that are worth being sent on from where they lie, by their memory. */
  readonly #loans = new Map<ArrayBufferLike, Loan>();
  #freeBytes = 0;

  /** At least so many bytes, whatever is in them; `sizeFor` says how many. Whoever took it lets it go as one who holds it. */
  take(bytes: number): Buffer {
    const size = this.sizeFor(bytes);
    const buffer = this.#free.get(size)?.pop();
    if (buffer !== undefined) this.#freeBytes -= size;
    const lent = buffer ?? Buffer.allocUnsafeSlow(size);
    if (size >= referenceBytesMin) this.#loans.set(lent.buffer, { buffer: lent, holders: 1, abandoned: false });
    return lent;
  }

  sizeFor(bytes: number): number {
    return bytes > pooledBytesMax ? bytes : pooledSize(bytes);
  }

  /** As `letGo` by whoever took it, where a socket may still read into it: nobody gets it again. */
  discard(buffer: Buffer): void {
    this.hold(buffer);
    this.abandon(buffer);
    this.letGo(buffer);
  }

  hold(bytes: Buffer): boolean {
    const loan = this.#loans.get(bytes.buffer);
    if (loan === undefined) return false;
    loan.holders++;
    return true;
  }

  letGo(bytes: Buffer): void {
    const loan = this.#loans.get(bytes.buffer);
    if (loan === undefined) this.#keep(bytes);
    else if (--loan.holders === 0) {
      this.#loans.delete(bytes.buffer);
      if (!loan.abandoned) this.#keep(loan.buffer);
    }
  }

  abandon(bytes: Buffer): void {
    const loan = this.#loans.get(bytes.buffer);
    if (loan === undefined) return;
    loan.abandoned = true;
    this.letGo(bytes);
  }

  /** More than the pool may keep is left to the garbage collector. */
  #keep(buffer: Buffer): void {
    const size = buffer.length;
    if (size > pooledBytesMax || this.#freeBytes + size > keptBytesMax) return;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else free.push(buffer);
    this.#freeBytes += size;
  }
}

/** Eight sizes for each power of two: memory fits many packets, and at most an eighth of it is left over. */
function pooledSize(bytes: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

interface Loan {
  readonly buffer: Buffer;
  /** The one who took it, and those who hold it. */
  holders: number;
  /** The garbage collector gets it when nobody holds it any more. */
  abandoned: boolean;
}

/** Larger packets are too rare to keep memory for. */
const pooledBytesMax = 4 * 1024 * 1024;
const keptBytesMax = 16 * 1024 * 1024;
