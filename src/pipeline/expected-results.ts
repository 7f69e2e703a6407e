import type { Clock } from '../std/clock.ts';
import type { Awaited, FinalResult, ResultBound, ResultListener, ResultWaiters } from './result-waiters.ts';

/** What becomes of the messages of one request, each under its number. It is asked for once, or cancelled. */
export class ExpectedResults implements ResultListener {
  readonly #waiters: ResultWaiters;
  readonly #clock: Clock;
  /** The bound that left no room for some of them. */
  bound: ResultBound | undefined;
  readonly #names = new Map<number, MessageName>();
  readonly #missing = new Set<number>();
  readonly #results = new Map<number, FinalResult>();
  #allIn: () => void = () => undefined;

  constructor(waiters: ResultWaiters, clock: Clock) {
    this.#waiters = waiters;
    this.#clock = clock;
  }

  /** Before the message is admitted. Where too many wait already, this one is not waited for. */
  expect(tag: number, awaited: Awaited): void {
    const bound = this.#waiters.expect(awaited, this, tag);
    if (bound !== undefined) {
      this.bound = bound;
      return;
    }
    this.#names.set(tag, awaited);
    this.#missing.add(tag);
  }

  /** What became of these, as far as it is known by then; no other one is waited for. */
  async within(tags: Iterable<number>, waitMs: number): Promise<ReadonlyMap<number, FinalResult>> {
    const wanted = new Set(tags);
    this.#passOn(wanted);
    for (const tag of this.#missing) if (!wanted.has(tag)) this.#forget(tag);
    if (this.#missing.size === 0) return this.#results;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#allIn = resolve;
    const timer = this.#clock.after(waitMs, () => this.cancel());
    await promise;
    timer.cancel();
    return this.#results;
  }

  /** What became of a message may have been told under another one that had its id and was refused: it waited first. */
  #passOn(wanted: ReadonlySet<number>): void {
    const unwanted = [...this.#results].filter(([tag]) => !wanted.has(tag));
    for (const [from, result] of unwanted) {
      this.#results.delete(from);
      const name = this.#names.get(from);
      const to = [...this.#missing].find((tag) => wanted.has(tag) && isSame(this.#names.get(tag), name));
      if (to === undefined) continue;
      this.#forget(to);
      this.#results.set(to, result);
    }
  }

  result(tag: number, result: FinalResult): void {
    this.#missing.delete(tag);
    this.#results.set(tag, result);
    if (this.#missing.size === 0) this.#allIn();
  }

  cancel(): void {
    for (const tag of this.#missing) this.#forget(tag);
    this.#allIn();
  }

  #forget(tag: number): void {
    const name = this.#names.get(tag);
    if (name === undefined || !this.#missing.delete(tag)) return;
    this.#waiters.forget(name.deviceId, name.messageId, this, tag);
  }
}

function isSame(one: MessageName | undefined, other: MessageName | undefined): boolean {
  return one?.deviceId === other?.deviceId && one?.messageId === other?.messageId;
}

interface MessageName {
  readonly deviceId: string;
  readonly messageId: string;
}
