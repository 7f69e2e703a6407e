import { LevelNode } from './level-node.ts';
import { appendSlot, type Slot, slotHas, slotWith, slotWithout } from './slot.ts';

/**
 * Finds the values whose filters match a topic. Filters without wildcards are one look-up in a map; the others stand in a
 * trie over their levels, built for a million filters in memory. A match costs as many steps as filters share the topic's
 * levels, whatever else is in the index.
 *
 * Filters must be valid plain filters (`topicFilterProblem`), which bounds the recursion to `topicLevelsMax`.
 */
export class FilterIndex<T extends NonNullable<unknown>> {
  readonly #exact = new Map<string, Slot<T>>();
  readonly #root = new LevelNode<T>('');
  #size = 0;

  /** Pairs of filter and value. */
  get size(): number {
    return this.#size;
  }

  /** False where the value is there already for that filter. */
  add(filter: string, value: T): boolean {
    const added = hasWildcard(filter) ? addToTrie(this.#root, filter, value) : this.#addExact(filter, value);
    if (added) this.#size++;
    return added;
  }

  /** False where the value was not there for that filter. */
  remove(filter: string, value: T): boolean {
    const removed = hasWildcard(filter) ? removeBelow(this.#root, filter, 0, value) : this.#removeExact(filter, value);
    if (removed) this.#size--;
    return removed;
  }

  /** Appends the value of every matching filter. A value that has several matching filters is appended once for each of them. */
  match(topic: string, into: T[]): void {
    appendSlot(this.#exact.get(topic), into);
    if (topic.startsWith('$')) {
      // Wildcards in the first level do not match these topics [MQTT-4.7.2-1].
      const end = levelEnd(topic, 0);
      const child = this.#root.child(topic.slice(0, end));
      if (child !== undefined) matchBelow(child, topic, end + 1, into);
    } else {
      matchBelow(this.#root, topic, 0, into);
    }
  }

  #addExact(filter: string, value: T): boolean {
    const slot = this.#exact.get(filter);
    if (slotHas(slot, value)) return false;
    this.#exact.set(filter, slotWith(slot, value));
    return true;
  }

  #removeExact(filter: string, value: T): boolean {
    const slot = this.#exact.get(filter);
    if (!slotHas(slot, value)) return false;
    const rest = slotWithout(slot, value);
    if (rest === undefined) this.#exact.delete(filter);
    else this.#exact.set(filter, rest);
    return true;
  }
}

/** Matches what stands below a node. `start` is where the next level begins, or behind the end of the topic after its last. */
function matchBelow<T>(node: LevelNode<T>, topic: string, start: number, into: T[]): void {
  if (start > topic.length) {
    appendSlot(node.values, into);
    appendSlot(node.child('#')?.values, into); // "a/#" matches "a" too
    return;
  }
  const { children } = node;
  if (children === undefined) return;
  const end = levelEnd(topic, start);
  const level = topic.slice(start, end);
  if (children instanceof Map) {
    appendSlot(children.get('#')?.values, into);
    const plus = children.get('+');
    if (plus !== undefined) matchBelow(plus, topic, end + 1, into);
    const child = children.get(level);
    if (child !== undefined) matchBelow(child, topic, end + 1, into);
    return;
  }
  for (let child: LevelNode<T> | undefined = children; child !== undefined; child = child.next) {
    if (child.level === '#') appendSlot(child.values, into);
    else if (child.level === '+' || child.level === level) matchBelow(child, topic, end + 1, into);
  }
}

function addToTrie<T>(root: LevelNode<T>, filter: string, value: T): boolean {
  let node = root;
  for (let start = 0; start <= filter.length; ) {
    const end = levelEnd(filter, start);
    node = node.ensureChild(filter.slice(start, end));
    start = end + 1;
  }
  if (slotHas(node.values, value)) return false;
  node.values = slotWith(node.values, value);
  return true;
}

/** Removes below a node and takes out the nodes that hold nothing any more. */
function removeBelow<T>(node: LevelNode<T>, filter: string, start: number, value: T): boolean {
  if (start > filter.length) {
    if (!slotHas(node.values, value)) return false;
    node.values = slotWithout(node.values, value);
    return true;
  }
  const end = levelEnd(filter, start);
  const child = node.child(filter.slice(start, end));
  if (child === undefined || !removeBelow(child, filter, end + 1, value)) return false;
  if (child.empty) node.removeChild(child);
  return true;
}

/** Of a valid filter. */
export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.endsWith('#');
}

function levelEnd(text: string, start: number): number {
  const end = text.indexOf('/', start);
  return end < 0 ? text.length : end;
}
