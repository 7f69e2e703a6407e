/**
 * Keys one behind the other in one buffer, copied: a batch has thousands of a few bytes each, and a buffer of its own for
 * each would cost more than the key.
 */
export class PackedKeys {
  #bytes = Buffer.allocUnsafe(1024);
  readonly #ends: number[] = [];
  /** One for each length that a key has. */
  readonly #views = new Map<number, Buffer>();

  push(key: Buffer): void {
    const start = this.#end;
    const end = start + key.length;
    if (end > this.#bytes.length) this.#grow(end);
    copy(key, 0, this.#bytes, start, key.length);
    this.#ends.push(end);
  }

  /** The key of that number, in a buffer that the next call for a key of this length writes over. */
  view(index: number): Buffer {
    const start = index === 0 ? 0 : this.#ends[index - 1];
    const length = this.#ends[index] - start;
    const view = this.#viewOf(length);
    copy(this.#bytes, start, view, 0, length);
    return view;
  }

  #viewOf(length: number): Buffer {
    const known = this.#views.get(length);
    if (known !== undefined) return known;
    const view = Buffer.allocUnsafe(length);
    this.#views.set(length, view);
    return view;
  }

  get #end(): number {
    return this.#ends.length === 0 ? 0 : this.#ends[this.#ends.length - 1];
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** Byte by byte, which for a few of them is faster than a call into native code. */
function copy(from: Buffer, fromStart: number, to: Buffer, toStart: number, length: number): void {
  for (let i = 0; i < length; i++) to[toStart + i] = from[fromStart + i];
}
