import { SluiceError } from '../errors.ts';
import type { Consumer, ConsumerSource, Consumption, SourceRequest } from '../message.ts';
import type { Engine, QueueInfo } from './engine.ts';
import { filtersThatFeed } from './feeding-filters.ts';

const byName = '$queue/';
const byFilter = '$q/';

/**
 * Queues as clients see them when they subscribe: `$queue/<name>`, and `$q/<filter>` for the queue that is bound to
 * exactly that filter.
 */
export class QueueSource implements ConsumerSource {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  claims(filter: string): boolean {
    return filter.startsWith(byName) || filter.startsWith(byFilter);
  }

  /** Rejects with `queue_not_found`. */
  async resolve(filter: string): Promise<{ queue: string; filters: readonly string[] }> {
    const queues = await this.#engine.list();
    const queue = findQueue(queues, filter);
    if (queue !== undefined) return { queue: queue.name, filters: filtersThatFeed(queue, queues) };
    throw new SluiceError('queue_not_found', `Cannot consume "${filter}": ${missing(filter)}`, { detail: { filter } });
  }

  async consume(filter: string, consumer: Consumer, request: SourceRequest): Promise<Consumption> {
    const { queue } = await this.resolve(filter);
    const { credit, creditBytes } = request;
    return this.#engine.consume(queue, consumer, creditBytes === undefined ? { credit } : { credit, creditBytes });
  }

  onFeedingChanged(listener: () => void): void {
    this.#engine.onRoutesChanged(listener);
  }
}

/** Of several queues with that binding the oldest, so that the answer stays the same when another is added. */
function findQueue(queues: readonly QueueInfo[], filter: string): QueueInfo | undefined {
  if (filter.startsWith(byName)) return queues.find((queue) => queue.name === filter.slice(byName.length));
  const bound = filter.slice(byFilter.length);
  return queues
    .filter((queue) => queue.options.bindings.some((binding) => binding.filter === bound))
    .sort((a, b) => a.createdAt - b.createdAt)[0];
}

function missing(filter: string): string {
  return filter.startsWith(byName)
    ? `there is no queue "${filter.slice(byName.length)}"`
    : `no queue is bound to exactly "${filter.slice(byFilter.length)}"`;
}
