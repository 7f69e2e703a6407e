import { SluiceError } from '../../errors.ts';

/**
 * Memory for packets that span reads, lent until a packet is handled. New memory of such a size costs more than copying into
 * it, since the operating system clears every page; so what comes back is kept for the next packet of any connection.
 */
export class GatherPool {
  /** By the power of two that is their size. */
  readonly #free = new Map<number, Buffer[]>();
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
    const size = bytes > pooledBytesMax ? bytes : 2 ** Math.ceil(Math.log2(bytes));
    if (size > alwaysLentBytes && this.#lentBytes + size > this.#lentBytesMax) throw tooMuch(this.#lentBytesMax);
    this.#lentBytes += size;
    if (bytes > pooledBytesMax) return Buffer.allocUnsafeSlow(bytes);
    const free = this.#free.get(size)?.pop();
    if (free === undefined) return Buffer.allocUnsafeSlow(size);
    this.#freeBytes -= size;
    return free;
  }

  /** More than the pool may keep is left to the garbage collector. */
  release(buffer: Buffer): void {
    const size = buffer.length;
    this.#lentBytes -= size;
    if (size > pooledBytesMax || this.#freeBytes + size > keptBytesMax) return;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else free.push(buffer);
    this.#freeBytes += size;
  }
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
