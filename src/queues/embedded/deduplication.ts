import { hash } from 'node:crypto';
import { type Message, userProperty } from '../../message.ts';
import { readU48, writeU48 } from '../../std/numbers.ts';
import { compileKey, type KeyOf } from '../key-expression.ts';
import type { QueueOptions } from '../options.ts';
import type { EngineContext } from './context.ts';
import {
  deduplicationExpiryEnd,
  deduplicationExpiryKey,
  digestKey,
  digestOfExpiryKey,
  timeOfExpiryKey,
} from './keys.ts';
import type { Unflushed } from './unflushed.ts';
import type { Wake } from './wake.ts';

/** The user property with which a publisher names what it sends. */
export const deduplicationIdProperty = 'sluice-dedup-id';

const digestBytes = 16;
/** Ids that are forgotten at once; the next ones follow after others had their turn. */
const prunedMax = 1_024;
const pruneEveryMs = 1_000;
const nothing = Buffer.alloc(0);

/**
 * Which ids came within the window, by rows that are written in the commit of their message, so that the answer is the same
 * after a crash. In memory are those that the disk does not show yet. An id is forgotten when its window is over, whether
 * or not its message is still there; where the option is off, what came while it was on is forgotten, and then nothing is done.
 */
export class Deduplication {
  readonly #queue: number;
  readonly #context: EngineContext;
  readonly #windowMs: number;
  readonly #scopeOf: KeyOf;
  readonly #wake: Wake;
  readonly #unflushed: Unflushed<string, number>;
  readonly #isOff: boolean;
  readonly #isByKey: boolean;
  #last: { message: Message; digest: string | undefined } | undefined;

  constructor(
    queue: number,
    { deduplication, orderingKey }: QueueOptions,
    context: EngineContext,
    unflushed: Unflushed<string, number>,
  ) {
    this.#queue = queue;
    this.#context = context;
    this.#unflushed = unflushed;
    this.#windowMs = deduplication.windowMs;
    this.#isOff = deduplication.scope === 'off';
    this.#isByKey = deduplication.scope === 'key';
    const keyOf = deduplication.scope === 'key' && orderingKey !== null ? compileKey(orderingKey) : undefined;
    this.#scopeOf = (message) => keyOf?.(message);
    this.#wake = { wake: (now) => this.#prune(now), deadline: 0, heapIndex: -1 };
    this.#pruneLater(context.clock.now());
  }

  /** Whether a message of the same id came within the window. It may not be flushed yet. */
  has(message: Message, now: number): boolean {
    const digest = this.#digestOf(message);
    if (digest === undefined) return false;
    const until = this.#unflushed.get(digest) ?? this.#onDisk(digest);
    return until > now;
  }

  /** Its rows are in the open batch. */
  remember(message: Message, now: number): void {
    const digest = this.#digestOf(message);
    if (digest === undefined) return;
    const { commit } = this.#context;
    const until = now + this.#windowMs;
    this.#unflushed.set(digest, until);
    const value = Buffer.allocUnsafe(6);
    writeU48(value, until, 0);
    commit.put('deduplication', digestKey(this.#queue, digest), value);
    commit.put('deduplication-expiry', deduplicationExpiryKey(this.#queue, until, digest), nothing);
  }

  stop(): void {
    this.#context.wakes.remove(this.#wake);
  }

  /** Asked when the message is looked at, and again when it comes in. */
  #digestOf(message: Message): string | undefined {
    if (this.#last?.message === message) return this.#last.digest;
    const id = userProperty(message, deduplicationIdProperty);
    const scope = id === undefined ? undefined : this.#scopeOf(message);
    // By key, what has none counts among its like, and not among what came while ids counted in the whole queue.
    const text = JSON.stringify(this.#isByKey && scope === undefined ? [id] : [id, scope]);
    const digest = id === undefined ? undefined : hash('sha256', text, 'binary').slice(0, digestBytes);
    this.#last = { message, digest };
    return digest;
  }

  #onDisk(digest: string): number {
    const row = this.#context.environment.get('deduplication', digestKey(this.#queue, digest));
    return row === undefined ? 0 : readU48(row, 0);
  }

  #hasRows(): boolean {
    const from = deduplicationExpiryKey(this.#queue, 0, '');
    const end = deduplicationExpiryKey(this.#queue + 1, 0, '');
    return this.#context.environment.readKeys('deduplication-expiry', from, end, 1).length > 0;
  }

  #pruneLater(now: number): void {
    this.#context.wakes.set(this.#wake, now + pruneEveryMs);
  }

  #prune(now: number): void {
    this.#last = undefined;
    const { environment, commit } = this.#context;
    const from = deduplicationExpiryKey(this.#queue, 0, '');
    const keys = environment.readKeys(
      'deduplication-expiry',
      from,
      deduplicationExpiryEnd(this.#queue, now),
      prunedMax,
    );
    for (const key of keys) {
      commit.remove('deduplication-expiry', key);
      const digest = digestOfExpiryKey(key);
      // An id that came again after its window is forgotten with the key of that time, which the disk may not show yet.
      const until = this.#unflushed.get(digest) ?? this.#onDisk(digest);
      if (until === timeOfExpiryKey(key)) commit.remove('deduplication', digestKey(this.#queue, digest));
    }
    const isAtEnd = keys.length < prunedMax;
    if (isAtEnd && this.#isOff && !this.#hasRows()) return;
    this.#pruneLater(isAtEnd ? now : now - pruneEveryMs + 1);
  }
}
