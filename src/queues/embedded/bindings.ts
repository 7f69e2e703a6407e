import { isDeepStrictEqual } from 'node:util';
import type { Message } from '../../message.ts';
import { FilterIndex } from '../../mqtt/topics/filter-index.ts';
import type { Binding } from '../options.ts';
import { type HeaderMatch, headerMatchOf } from './header-match.ts';
import type { AnyQueue } from './queue-kinds.ts';

/** One binding of a queue. */
interface Bound {
  readonly queue: AnyQueue;
  /** Undefined where every message of the topic comes in. */
  readonly accepts: HeaderMatch | undefined;
}

/** Where messages of a topic go: to this queue always, or as their headers say. */
export interface Feed {
  readonly queue: AnyQueue;
  /** Undefined where it is always. */
  readonly accepts: ((message: Message) => boolean) | undefined;
}

/** Which topics lead to which queues. */
export class Bindings {
  readonly #index = new FilterIndex<Bound>();
  readonly #byQueue = new Map<AnyQueue, { given: readonly Binding[]; bounds: readonly Bound[] }>();

  /** Whether anything changed. */
  bind(queue: AnyQueue): boolean {
    const { bindings } = queue.options;
    const before = this.#byQueue.get(queue);
    if (isDeepStrictEqual(before?.given ?? [], bindings)) return false;
    this.unbind(queue);
    const bounds = bindings.map((binding) => ({ queue, accepts: headerMatchOf(binding) }));
    for (const [index, { filter }] of bindings.entries()) this.#index.add(filter, bounds[index]);
    this.#byQueue.set(queue, { given: bindings, bounds });
    return true;
  }

  unbind(queue: AnyQueue): void {
    const known = this.#byQueue.get(queue);
    if (known === undefined) return;
    for (const [index, { filter }] of known.given.entries()) this.#index.remove(filter, known.bounds[index]);
    this.#byQueue.delete(queue);
  }

  /** One for each queue, in the order in which the queues were made. */
  match(topic: string): Feed[] {
    const found: Bound[] = [];
    this.#index.match(topic, found);
    const byQueue = new Map<AnyQueue, Bound[]>();
    for (const bound of found) byQueue.set(bound.queue, [...(byQueue.get(bound.queue) ?? []), bound]);
    const feeds = Array.from(byQueue, ([queue, bounds]) => ({ queue, accepts: anyOf(bounds) }));
    return feeds.sort((a, b) => a.queue.id - b.queue.id);
  }
}

function anyOf(bounds: readonly Bound[]): Feed['accepts'] {
  const matches: HeaderMatch[] = [];
  for (const { accepts } of bounds) {
    if (accepts === undefined) return undefined;
    matches.push(accepts);
  }
  return (message) => matches.some((accepts) => accepts(message));
}
