import { SluiceError } from '../../errors.ts';
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
  #lentBytes = 0;
  readonly #lentBytesMax: number;

  constructor(lentBytesMax = Number.POSITIVE_INFINITY) {
    this.#lentBytesMax = lentBytesMax;
  }

  /** What is lent now. */
  get lentBytes(): number {
    return this.#lentBytes;
  }

  /**
   * At least so many bytes, whatever is in them. Throws `quota_exceeded` where so much cannot be lent; a little always can, since
   * any packet may lie across two reads.
   */
  take(bytes: number): Buffer {
    const size = bytes > pooledBytesMax ? bytes : pooledSize(bytes);
    if (size > alwaysLentBytes && this.#lentBytes + size > this.#lentBytesMax) throw tooMuch(this.#lentBytesMax);
    this.#lentBytes += size;
    const buffer = this.#free.get(size)?.pop();
    if (buffer !== undefined) this.#freeBytes -= size;
    const lent = buffer ?? Buffer.allocUnsafeSlow(size);
    if (size >= referenceBytesMin) this.#loans.set(lent.buffer, { buffer: lent, holders: 1, abandoned: false });
    return lent;
  }

  /** Whoever took it needs it no more. It is lent again when nobody holds it either. */
  release(buffer: Buffer): void {
    this.#lentBytes -= buffer.length;
    this.letGo(buffer);
  }

  /** As `release`, where a socket may still read into it: nobody gets it again. */
  discard(buffer: Buffer): void {
    this.hold(buffer);
    this.abandon(buffer);
    this.release(buffer);
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
const alwaysLentBytes = 64 * 1024;

function tooMuch(bytes: number): SluiceError {
  return new SluiceError(
    'quota_exceeded',
    `Send the packet again later: ${bytes} bytes are set aside for packets that have come in part, the most that may be`,
    { detail: { limit: 'mqtt.packetsBytesMax' } },
  );
}
