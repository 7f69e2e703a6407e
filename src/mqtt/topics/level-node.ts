import type { Slot } from './slot.ts';

/** Children up to this number hang in a list, which takes a tenth of a map's memory and is searched as fast. */
const listedChildrenMax = 6;

/** A level of the filters that share the levels above it; '+' and '#' are levels like any other. 56 bytes in V8. */
export class LevelNode<T> {
  readonly level: string;
  /** The first of a list linked by `next`, or, when they became many, all by their level. */
  children: LevelNode<T> | Map<string, LevelNode<T>> | undefined = undefined;
  next: LevelNode<T> | undefined = undefined;
  /** Values of the filters that end here. */
  values: Slot<T> = undefined;

  constructor(level: string) {
    this.level = level;
  }

  get empty(): boolean {
    return this.values === undefined && this.children === undefined;
  }

  child(level: string): LevelNode<T> | undefined {
    const { children } = this;
    if (children instanceof Map) return children.get(level);
    let child = children;
    while (child !== undefined && child.level !== level) child = child.next;
    return child;
  }

  ensureChild(level: string): LevelNode<T> {
    const found = this.child(level);
    if (found !== undefined) return found;
    const child = new LevelNode<T>(copied(level));
    if (!(this.children instanceof Map) && listLength(this.children) === listedChildrenMax) {
      this.children = toMap(this.children);
    }
    if (this.children instanceof Map) {
      this.children.set(child.level, child);
    } else {
      child.next = this.children;
      this.children = child;
    }
    return child;
  }

  removeChild(child: LevelNode<T>): void {
    const { children } = this;
    if (children instanceof Map) {
      children.delete(child.level);
      if (children.size === 0) this.children = undefined;
    } else if (children === child) {
      this.children = child.next;
    } else {
      let before = children;
      while (before !== undefined && before.next !== child) before = before.next;
      if (before !== undefined) before.next = child.next;
    }
  }
}

function listLength<T>(first: LevelNode<T> | undefined): number {
  let length = 0;
  for (let node = first; node !== undefined; node = node.next) length++;
  return length;
}

function toMap<T>(first: LevelNode<T> | undefined): Map<string, LevelNode<T>> {
  const map = new Map<string, LevelNode<T>>();
  let node = first;
  while (node !== undefined) {
    const { next } = node;
    node.next = undefined;
    map.set(node.level, node);
    node = next;
  }
  return map;
}

/** A string of its own: V8 makes a slice of 13 characters and more a view that keeps the whole filter in memory. */
function copied(level: string): string {
  return level.length < 13 ? level : Buffer.from(level).toString();
}
