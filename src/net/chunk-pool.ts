/**
 * Output buffers, lent to a connection for one turn of the event loop and taken back when the operating system has the
 * bytes. Two sizes: most connections send little in a turn, and ten thousand of them must not hold 64 KiB each.
 */
export class ChunkPool {
  readonly #small: Chunk[] = [];
  readonly #large: Chunk[] = [];

  take(size: number): Chunk {
    if (size <= smallBytes) return this.#small.pop() ?? new Chunk(smallBytes, this);
    if (size <= largeBytes) return this.#large.pop() ?? new Chunk(largeBytes, this);
    return new Chunk(size, this);
  }

  /** For bytes that nothing is added to. */
  takeFitting(size: number): Chunk {
    return size <= smallBytes ? this.take(size) : new Chunk(size, this);
  }

  /** Chunks of other sizes, and more than the pool may keep, are left to the garbage collector. */
  letGo(chunk: Chunk): void {
    const bytes = chunk.memory.length;
    if (bytes === smallBytes && this.#small.length < smallKeptMax) this.#small.push(chunk);
    else if (bytes === largeBytes && this.#large.length < largeKeptMax) this.#large.push(chunk);
  }
}

/** Memory to write output into. */
export class Chunk {
  readonly memory: Buffer;
  readonly #pool: ChunkPool;
  #view: Buffer;
  #viewBefore: Buffer;

  constructor(bytes: number, pool: ChunkPool) {
    this.memory = Buffer.allocUnsafeSlow(bytes);
    this.#pool = pool;
    this.#view = this.memory;
    this.#viewBefore = this.memory;
  }

  /**
   * Its first `bytes` bytes. A view is an object of some hundred bytes, and a connection that answers one message at a time sends the same length again and
   * again, in turn with its neighbour's: the last two are kept.
   */
  first(bytes: number): Buffer {
    if (this.#view.length === bytes) return this.#view;
    const found = this.#viewBefore.length === bytes ? this.#viewBefore : this.memory.subarray(0, bytes);
    this.#viewBefore = this.#view;
    this.#view = found;
    return found;
  }

  letGo(): void {
    this.#pool.letGo(this);
  }
}

export const smallBytes = 4 * 1024;
export const largeBytes = 64 * 1024;
/** At most 4 MiB and 16 MiB are kept for later. */
const smallKeptMax = 1024;
const largeKeptMax = 256;
