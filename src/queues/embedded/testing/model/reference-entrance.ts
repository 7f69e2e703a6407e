import { isDeepStrictEqual } from 'node:util';
import type { QueueOptions } from '../../../options.ts';
import type { History } from './history.ts';
import { keyOf, type Published } from './published.ts';
import { ReferenceRate } from './reference-rate.ts';

/** For tests: which ids a queue knows, and how fast it takes. Ids survive what the disk survives, rates begin anew. */
export class ReferenceEntrance {
  readonly #history: History;
  readonly #now: () => number;
  #options: QueueOptions;
  /** Until when each is known. */
  readonly #ids = new Map<string, number>();
  #rate: ReferenceRate | undefined;
  readonly #rates = new Map<string, ReferenceRate>();

  constructor(options: QueueOptions, history: History, now: () => number) {
    this.#options = options;
    this.#history = history;
    this.#now = now;
    this.reopened();
  }

  change(options: QueueOptions): void {
    const before = this.#options;
    this.#options = options;
    if (!isDeepStrictEqual(before.rateLimit, options.rateLimit)) this.reopened();
  }

  reopened(): void {
    const { rateLimit } = this.#options;
    this.#rates.clear();
    this.#rate = rateLimit.in === 0 ? undefined : new ReferenceRate(rateLimit.in, this.#now());
  }

  isDuplicate(published: Published, at = this.#now()): boolean {
    const id = this.#idOf(published);
    return id !== undefined && (this.#ids.get(id) ?? 0) > at;
  }

  isTooFast({ id }: Published): boolean {
    const now = this.#now();
    return this.#rate?.has(now) === false || this.#rateOf(id)?.has(now) === false;
  }

  entered(published: Published): void {
    const now = this.#now();
    this.#rate?.take(now);
    this.#rateOf(published.id)?.take(now);
    const id = this.#idOf(published);
    if (id === undefined) return;
    const before = this.#ids.get(id) ?? 0;
    this.#ids.set(id, now + this.#options.deduplication.windowMs);
    this.#history.add(() => this.#ids.set(id, before));
  }

  #idOf({ id, deduplicationId }: Published): string | undefined {
    const { scope } = this.#options.deduplication;
    if (scope === 'off' || deduplicationId === undefined) return undefined;
    const key = keyOf(id);
    return scope === 'key' ? JSON.stringify([deduplicationId, key]) : deduplicationId;
  }

  #rateOf(id: string): ReferenceRate | undefined {
    const { perKey } = this.#options.rateLimit;
    const key = keyOf(id);
    if (perKey.in === 0 || key === undefined) return undefined;
    const known = this.#rates.get(key);
    if (known !== undefined) return known;
    const made = new ReferenceRate(perKey.in, this.#now());
    this.#rates.set(key, made);
    return made;
  }
}
