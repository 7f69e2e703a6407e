/** Something with a deadline. The heap owns `heapIndex`: -1 while the item is in no heap. */
export interface Deadline {
  deadline: number;
  heapIndex: number;
}

/** A binary heap by deadline. Adding, moving and removing cost O(log n) and allocate nothing. */
export class DeadlineHeap<T extends Deadline> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The one with the earliest deadline. */
  get first(): T | undefined {
    return this.#items[0];
  }

  /** The one that is removed with the least work. */
  get last(): T | undefined {
    return this.#items[this.#items.length - 1];
  }

  /** Adds the item, or moves it when it is already here. */
  set(item: T, deadline: number): void {
    item.deadline = deadline;
    if (item.heapIndex < 0) {
      item.heapIndex = this.#items.length;
      this.#items.push(item);
    }
    this.#down(this.#up(item.heapIndex));
  }

  /** The item must be in this heap. */
  remove(item: T): void {
    const index = item.heapIndex;
    item.heapIndex = -1;
    const last = this.#items.pop() as T;
    if (last === item) return;
    this.#place(last, index);
    this.#down(this.#up(index));
  }

  clear(): void {
    for (const item of this.#items) item.heapIndex = -1;
    this.#items.length = 0;
  }

  /** All of them, in no order, as they are when it is called. */
  toArray(): T[] {
    return [...this.#items];
  }

  #place(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }

  #up(start: number): number {
    const item = this.#items[start];
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#items[parent].deadline <= item.deadline) break;
      this.#place(this.#items[parent], index);
      index = parent;
    }
    this.#place(item, index);
    return index;
  }

  #down(start: number): void {
    const heap = this.#items;
    const item = heap[start];
    let index = start;
    for (let child = 2 * index + 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && heap[child + 1].deadline < heap[child].deadline) child++;
      if (heap[child].deadline >= item.deadline) break;
      this.#place(heap[child], index);
      index = child;
    }
    this.#place(item, index);
  }
}
