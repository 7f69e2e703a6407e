/**
 * Output buffers, lent to a connection for one turn of the event loop and taken back when the operating system has the
 * bytes. Two sizes: most connections send little in a turn, and ten thousand of them must not hold 64 KiB each.
 */
export class ChunkPool {
  readonly #small: Buffer[] = [];
  readonly #large: Buffer[] = [];

  take(size: number): Buffer {
    if (size <= smallBytes) return this.#small.pop() ?? Buffer.allocUnsafeSlow(smallBytes);
    if (size <= largeBytes) return this.#large.pop() ?? Buffer.allocUnsafeSlow(largeBytes);
    return Buffer.allocUnsafeSlow(size);
  }

  /** Buffers of other sizes, and more than the pool may keep, are left to the garbage collector. */
  letGo(chunk: Buffer): void {
    if (chunk.length === smallBytes && this.#small.length < smallKeptMax) this.#small.push(chunk);
    else if (chunk.length === largeBytes && this.#large.length < largeKeptMax) this.#large.push(chunk);
  }
}

export const smallBytes = 4 * 1024;
export const largeBytes = 64 * 1024;
/** At most 4 MiB and 16 MiB are kept for later. */
const smallKeptMax = 1024;
const largeKeptMax = 256;
