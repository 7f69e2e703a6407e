/**
 * Memory for packets that span reads, lent until a packet is handled. New memory of such a size costs more than copying into
 * it, since the operating system clears every page; so what comes back is kept for the next packet of any connection.
 */
export class GatherPool {
  /** By the power of two that is their size. */
  readonly #free = new Map<number, Buffer[]>();
  #freeBytes = 0;

  /** At least so many bytes, whatever is in them. */
  take(bytes: number): Buffer {
    if (bytes > pooledBytesMax) return Buffer.allocUnsafeSlow(bytes);
    const size = 2 ** Math.ceil(Math.log2(bytes));
    const free = this.#free.get(size)?.pop();
    if (free === undefined) return Buffer.allocUnsafeSlow(size);
    this.#freeBytes -= size;
    return free;
  }

  /** More than the pool may keep is left to the garbage collector. */
  release(buffer: Buffer): void {
    const size = buffer.length;
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
