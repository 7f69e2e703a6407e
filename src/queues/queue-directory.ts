import type { Engine, QueueInfo } from './engine.ts';

/** Finds queues, and what feeds them, in a list of them. */
export class QueueDirectory {
  readonly queues: readonly QueueInfo[];
  readonly #byName = new Map<string, QueueInfo>();
  /** Those whose dead letters go to the queue of that name. */
  readonly #byDeadLetter = new Map<string, QueueInfo[]>();
  #byFilter: Map<string, QueueInfo> | undefined;

  constructor(queues: readonly QueueInfo[]) {
    this.queues = queues;
    for (const queue of queues) {
      const { deadLetter } = queue.options;
      this.#byName.set(queue.name, queue);
      if (deadLetter === null) continue;
      const others = this.#byDeadLetter.get(deadLetter);
      if (others === undefined) this.#byDeadLetter.set(deadLetter, [queue]);
      else others.push(queue);
    }
  }

  named(name: string): QueueInfo | undefined {
    return this.#byName.get(name);
  }

  /** Of several queues with that binding the oldest, so that the answer stays the same when another is added. */
  boundTo(filter: string): QueueInfo | undefined {
    this.#byFilter ??= oldestByFilter(this.queues);
    return this.#byFilter.get(filter);
  }

  /**
   * The topics whose messages can be in the queue: its own bindings, and those of every queue whose dead letters it takes,
   * over any number of steps. A queue that no binding feeds takes messages of any topic, so it needs the right to all.
   */
  filtersThatFeed(queue: QueueInfo): readonly string[] {
    const feeding = new Set([queue]);
    for (const target of feeding) for (const other of this.#byDeadLetter.get(target.name) ?? []) feeding.add(other);
    const filters = new Set([...feeding].flatMap((one) => one.options.bindings.map((binding) => binding.filter)));
    return filters.size === 0 ? ['#'] : [...filters];
  }
}

/** The directory of the queues that there are, made anew where the engine answers another list than before: a thousand consumers come at once. */
export class CurrentDirectory {
  readonly #engine: Pick<Engine, 'list'>;
  #directory = new QueueDirectory([]);

  constructor(engine: Pick<Engine, 'list'>) {
    this.#engine = engine;
  }

  async get(): Promise<QueueDirectory> {
    const queues = await this.#engine.list();
    if (queues !== this.#directory.queues) this.#directory = new QueueDirectory(queues);
    return this.#directory;
  }
}

function oldestByFilter(queues: readonly QueueInfo[]): Map<string, QueueInfo> {
  const oldest = new Map<string, QueueInfo>();
  for (const queue of queues) {
    for (const { filter } of queue.options.bindings) {
      const known = oldest.get(filter);
      if (known === undefined || queue.createdAt < known.createdAt) oldest.set(filter, queue);
    }
  }
  return oldest;
}
