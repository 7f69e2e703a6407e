import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../../errors.ts';
import type { Message } from '../../message.ts';
import { hash48Of } from '../../std/hash.ts';
import { RateBucket } from '../../std/rate-bucket.ts';
import { RecentMap } from '../../std/recent-map.ts';
import { compileKey, type KeyOf } from '../key-expression.ts';
import type { QueueOptions } from '../options.ts';
import type { EngineContext } from './context.ts';
import { Deduplication } from './deduplication.ts';
import { Unflushed } from './unflushed.ts';

/** Keys whose rate is known; the one that was not used for longest is forgotten, and begins anew. */
const keysMax = 10_000;

/** What a queue looks at before a message comes in, beside how full it is. */
export class Entrance {
  readonly #id: number;
  readonly #name: string;
  readonly #context: EngineContext;
  /** What came and is not flushed yet. */
  readonly #ids: Unflushed<string, number>;
  #options: QueueOptions;
  #deduplication: Deduplication | undefined;
  /** The same where the option is off: it asks nobody, and forgets. */
  #forgetting: Deduplication | undefined;
  #rate: RateBucket | undefined;
  #keyOf: KeyOf | undefined;
  #rates = new RecentMap<number, RateBucket>(keysMax);

  constructor(id: number, name: string, options: QueueOptions, context: EngineContext) {
    this.#id = id;
    this.#name = name;
    this.#context = context;
    this.#options = options;
    this.#ids = new Unflushed(context.commit);
    this.#deduplicate();
    this.#limitRates();
  }

  /** What an option does not change is kept: the ids that are not flushed yet, and how much of a second's rate is used up. */
  change(options: QueueOptions): void {
    const before = this.#options;
    this.#options = options;
    if (!isDeepStrictEqual(options.deduplication, before.deduplication)) this.#deduplicate();
    if (!isDeepStrictEqual(options.rateLimit, before.rateLimit) || options.orderingKey !== before.orderingKey)
      this.#limitRates();
  }

  /** Whether it looks at messages at all. */
  get isWatched(): boolean {
    return this.#deduplication !== undefined || this.#rate !== undefined || this.#keyOf !== undefined;
  }

  isDuplicate(message: Message): boolean {
    return this.#deduplication?.has(message, this.#context.clock.now()) === true;
  }

  /** Why the message comes too soon; undefined where it does not. */
  refusal(message: Message): SluiceError | undefined {
    const { rateLimit } = this.#options;
    const now = this.#context.clock.now();
    if (this.#rate?.has(now) === false) return this.#tooFast('rateLimit.in', rateLimit.in);
    if (this.#rateOf(message, now)?.has(now) === false)
      return this.#tooFast('rateLimit.perKey.in', rateLimit.perKey.in);
    return undefined;
  }

  /** The message is in the open batch. */
  entered(message: Message): void {
    const now = this.#context.clock.now();
    this.#rate?.take(now);
    this.#rateOf(message, now)?.take(now);
    this.#deduplication?.remember(message, now);
  }

  stop(): void {
    this.#deduplication?.stop();
    this.#forgetting?.stop();
  }

  #deduplicate(): void {
    this.stop();
    const isOff = this.#options.deduplication.scope === 'off';
    const made = new Deduplication(this.#id, this.#options, this.#context, this.#ids);
    this.#deduplication = isOff ? undefined : made;
    this.#forgetting = isOff ? made : undefined;
  }

  #limitRates(): void {
    const { rateLimit, orderingKey } = this.#options;
    const now = this.#context.clock.now();
    this.#rates = new RecentMap(keysMax);
    this.#rate = rateLimit.in === 0 ? undefined : new RateBucket(rateLimit.in, now);
    this.#keyOf = rateLimit.perKey.in === 0 || orderingKey === null ? undefined : compileKey(orderingKey);
  }

  #rateOf(message: Message, now: number): RateBucket | undefined {
    const key = this.#keyOf?.(message);
    if (key === undefined) return undefined;
    const hash = hash48Of(key);
    const known = this.#rates.get(hash);
    if (known !== undefined) return known;
    const rate = new RateBucket(this.#options.rateLimit.perKey.in, now);
    this.#rates.set(hash, rate);
    return rate;
  }

  #tooFast(limit: string, perSecond: number): SluiceError {
    return new SluiceError(
      'quota_exceeded',
      `Send to queue "${this.#name}" again later: it takes ${perSecond} messages a second (${limit})`,
      { detail: { queue: this.#name, limit, perSecond } },
    );
  }
}
