/** For tests: rows in the order of their keys' bytes. One character of a key in here is one byte. */
export class SortedRows {
  readonly #keys: string[] = [];
  readonly #values = new Map<string, Buffer>();

  get(key: Buffer): Buffer | undefined {
    return this.#values.get(key.toString('latin1'));
  }

  /** Undefined removes. The value is copied. */
  set(key: Buffer, value: Buffer | undefined): void {
    const text = key.toString('latin1');
    const known = this.#values.has(text);
    if (value !== undefined) {
      this.#values.set(text, Buffer.from(value));
      if (!known) this.#keys.splice(this.#position(text), 0, text);
    } else if (known) {
      this.#values.delete(text);
      this.#keys.splice(this.#position(text), 1);
    }
  }

  /** Those with `from` ≤ key < `to`. Must not be changed while it is read. */
  *between(from: Buffer, to: Buffer): Iterable<[key: Buffer, value: Buffer]> {
    const end = to.toString('latin1');
    for (let at = this.#position(from.toString('latin1')); at < this.#keys.length; at++) {
      const key = this.#keys[at];
      if (key >= end) return;
      yield [Buffer.from(key, 'latin1'), this.#values.get(key) as Buffer];
    }
  }

  /** Where the key is, or would be. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#keys[middle] < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
