/** Values by topic name, found again by topic filter: the mirror of a filter index. */
export class TopicTree<T> {
  readonly #root: Node<T> = newNode();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(topic: string): T | undefined {
    let node: Node<T> | undefined = this.#root;
    for (const level of topic.split('/')) {
      node = node.children?.get(level);
      if (node === undefined) return undefined;
    }
    return node.value;
  }

  set(topic: string, value: T): void {
    let node = this.#root;
    for (const level of topic.split('/')) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = newNode();
        node.children.set(level, child);
      }
      node = child;
    }
    if (node.value === undefined) this.#size++;
    node.value = value;
  }

  /** Answers whether there was a value. Branches that hold nothing any more go with it. */
  delete(topic: string): boolean {
    const levels = topic.split('/');
    const path: Node<T>[] = [this.#root];
    for (const level of levels) {
      const child = path[path.length - 1].children?.get(level);
      if (child === undefined) return false;
      path.push(child);
    }
    const leaf = path[path.length - 1];
    if (leaf.value === undefined) return false;
    leaf.value = undefined;
    this.#size--;
    for (let depth = levels.length; depth > 0 && isEmpty(path[depth]); depth--) {
      path[depth - 1].children?.delete(levels[depth - 1]);
    }
    return true;
  }

  /** Every value whose topic the filter matches. Wildcards at the first level leave out topics that begin with `$` [MQTT-4.7.2-1]. */
  *match(filter: string): Generator<T> {
    const levels = filter.split('/');
    const work: [node: Node<T>, depth: number][] = [[this.#root, 0]];
    for (let step = work.pop(); step !== undefined; step = work.pop()) {
      const [node, depth] = step;
      const level = levels[depth];
      if (depth === levels.length) {
        if (node.value !== undefined) yield node.value;
      } else if (level === '#') {
        yield* subtree(node, depth === 0);
      } else if (level === '+') {
        for (const [name, child] of node.children ?? [])
          if (depth > 0 || !name.startsWith('$')) work.push([child, depth + 1]);
      } else {
        const child = node.children?.get(level);
        if (child !== undefined) work.push([child, depth + 1]);
      }
    }
  }
}

interface Node<T> {
  value: T | undefined;
  children: Map<string, Node<T>> | undefined;
}

function newNode<T>(): Node<T> {
  return { value: undefined, children: undefined };
}

/** Every value at or below the node: `sport/#` matches `sport` too [MQTT-4.7.1-2]. */
function* subtree<T>(top: Node<T>, atRoot: boolean): Generator<T> {
  const work: Node<T>[] = [top];
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    if (node.value !== undefined) yield node.value;
    for (const [name, child] of node.children ?? []) {
      if (node !== top || !atRoot || !name.startsWith('$')) work.push(child);
    }
  }
}

function isEmpty<T>(node: Node<T>): boolean {
  return node.value === undefined && (node.children === undefined || node.children.size === 0);
}
