import type { Clock } from '../std/clock.ts';
import type { FinalResult, ResultListener, ResultWaiters } from './result-waiters.ts';

/** What becomes of the messages of one request, each under its number. It is asked for once, or cancelled. */
export class ExpectedResults implements ResultListener {
  readonly #waiters: ResultWaiters;
  readonly #clock: Clock;
  readonly #missing = new Map<number, MessageName>();
  readonly #results = new Map<number, FinalResult>();
  #allIn: () => void = () => undefined;

  constructor(waiters: ResultWaiters, clock: Clock) {
    this.#waiters = waiters;
    this.#clock = clock;
  }

  /** Before the message is admitted. Where too many wait already, this one is not waited for. */
  expect(tag: number, deviceId: string, messageId: string): void {
    if (this.#waiters.expect(deviceId, messageId, this, tag)) this.#missing.set(tag, { deviceId, messageId });
  }

  /** What became of these, as far as it is known by then; no other one is waited for. */
  async within(tags: Iterable<number>, waitMs: number): Promise<ReadonlyMap<number, FinalResult>> {
    const wanted = new Set(tags);
    for (const tag of this.#missing.keys()) if (!wanted.has(tag)) this.#forget(tag);
    if (this.#missing.size === 0) return this.#results;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#allIn = resolve;
    const timer = this.#clock.after(waitMs, () => this.cancel());
    await promise;
    timer.cancel();
    return this.#results;
  }

  result(tag: number, result: FinalResult): void {
    this.#missing.delete(tag);
    this.#results.set(tag, result);
    if (this.#missing.size === 0) this.#allIn();
  }

  cancel(): void {
    for (const tag of this.#missing.keys()) this.#forget(tag);
    this.#allIn();
  }

  #forget(tag: number): void {
    const name = this.#missing.get(tag);
    if (name === undefined) return;
    this.#missing.delete(tag);
    this.#waiters.forget(name.deviceId, name.messageId, this, tag);
  }
}

interface MessageName {
  readonly deviceId: string;
  readonly messageId: string;
}
