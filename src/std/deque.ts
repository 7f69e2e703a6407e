/** A double-ended queue over a ring that grows by doubling and shrinks when it has emptied. All operations are O(1) amortised. */
export class Deque<T> {
  #ring: (T | undefined)[] = [];
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(value: T): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = value;
    this.#size++;
  }

  unshift(value: T): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#ring.length - 1);
    this.#ring[this.#head] = value;
    this.#size++;
  }

  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head];
  }

  /** The value at that place from the front; undefined where there is none. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#size) return undefined;
    return this.#ring[(this.#head + index) & (this.#ring.length - 1)];
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const value = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    if (this.#size === 0 && this.#ring.length > keptCapacity) this.clear();
    return value;
  }

  clear(): void {
    this.#ring = [];
    this.#head = 0;
    this.#size = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.#size; i++) yield this.#ring[(this.#head + i) & (this.#ring.length - 1)] as T;
  }

  #grow(): void {
    const grown: (T | undefined)[] = new Array(Math.max(initialCapacity, this.#ring.length * 2));
    for (let i = 0; i < this.#size; i++) grown[i] = this.#ring[(this.#head + i) & (this.#ring.length - 1)];
    this.#ring = grown;
    this.#head = 0;
  }
}

const initialCapacity = 8;
const keptCapacity = 4096;
