/**
 * A double-ended queue over a ring that grows by doubling and shrinks when it has emptied. All operations are O(1) amortised. The first
 * value stands beside the ring: where there is never more than one, as in a queue that is consumed as it fills, no ring is touched.
 */
export class Deque<T> {
  #first: T | undefined;
  #size = 0;
  /** All but the first. */
  #ring: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#size;
  }

  push(value: T): void {
    if (this.#size === 0) this.#first = value;
    else {
      if (this.#size > this.#ring.length) this.#grow();
      this.#ring[(this.#head + this.#size - 1) & (this.#ring.length - 1)] = value;
    }
    this.#size++;
  }

  unshift(value: T): void {
    if (this.#size > 0) {
      if (this.#size > this.#ring.length) this.#grow();
      this.#head = (this.#head - 1) & (this.#ring.length - 1);
      this.#ring[this.#head] = this.#first;
    }
    this.#first = value;
    this.#size++;
  }

  peek(): T | undefined {
    return this.#first;
  }

  /** The value at that place from the front; undefined where there is none. */
  at(index: number): T | undefined {
    if (index === 0) return this.#first;
    if (index < 0 || index >= this.#size) return undefined;
    return this.#ring[(this.#head + index - 1) & (this.#ring.length - 1)];
  }

  shift(): T | undefined {
    const value = this.#first;
    if (this.#size > 1) {
      this.#first = this.#ring[this.#head];
      this.#ring[this.#head] = undefined;
      this.#head = (this.#head + 1) & (this.#ring.length - 1);
      this.#size--;
    } else if (this.#size === 1) {
      this.#first = undefined;
      this.#size = 0;
      if (this.#ring.length > keptCapacity) this.clear();
    }
    return value;
  }

  clear(): void {
    this.#first = undefined;
    this.#size = 0;
    this.#ring = [];
    this.#head = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.#size; i++) yield this.at(i) as T;
  }

  /** The ring is full: all of its places from the head on have a value. */
  #grow(): void {
    const { length } = this.#ring;
    const grown: (T | undefined)[] = new Array(Math.max(initialCapacity, length * 2));
    for (let i = 0; i < length; i++) grown[i] = this.#ring[(this.#head + i) & (length - 1)];
    this.#ring = grown;
    this.#head = 0;
  }
}

const initialCapacity = 8;
const keptCapacity = 4096;
