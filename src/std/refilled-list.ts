/** Beyond this many the memory is given back when the list is cleared. */
const kept = 65_536;

/** A list that is filled, read and cleared over and over: its memory stays, where an array's would grow anew each time. */
export class RefilledList<T> {
  #items: (T | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    this.#items[this.#size++] = item;
  }

  /** `index` must be below `size`. */
  at(index: number): T {
    return this.#items[index] as T;
  }

  /** Forgets all items. */
  clear(): void {
    if (this.#size > kept) this.#items = [];
    else this.#items.fill(undefined, 0, this.#size);
    this.#size = 0;
  }
}
