import type { SluiceError } from '../errors.ts';
import type { Clock } from '../std/clock.ts';
import type { Outcome, Verdict } from './outcome.ts';
import type { Work } from './work.ts';

/** What became of a message in the end. */
export type FinalResult =
  | { readonly kind: 'stored'; readonly outcome: Outcome }
  | { readonly kind: 'rejected'; readonly error: SluiceError };

/** Those who wait for what becomes of a message that is safe in the queue. Nothing is promised: who waited too long looks it up. */
export class ResultWaiters {
  readonly #clock: Clock;
  readonly #waitersMax: number;
  readonly #byMessage = new Map<string, ExpectedResult[]>();
  #size = 0;

  constructor(clock: Clock, waitersMax: number) {
    this.#clock = clock;
    this.#waitersMax = waitersMax;
  }

  get size(): number {
    return this.#size;
  }

  /** To be asked before the message is admitted, so that its result cannot be missed. Undefined where too many wait already. */
  expect(deviceId: string, messageId: string): ExpectedResult | undefined {
    if (this.#size >= this.#waitersMax) return undefined;
    const key = keyOf(deviceId, messageId);
    const expected = new ExpectedResult(this.#clock, () => this.#drop(key, expected));
    const others = this.#byMessage.get(key);
    if (others === undefined) this.#byMessage.set(key, [expected]);
    else others.push(expected);
    this.#size++;
    return expected;
  }

  /** A failure is no end: the queue tries again. */
  tell(work: Work, verdict: Verdict): void {
    if (verdict.kind === 'failed') return;
    const waiting = this.#byMessage.get(keyOf(work.address.deviceId, work.messageId));
    for (const expected of [...(waiting ?? [])]) {
      expected.settle(
        verdict.kind === 'stored'
          ? { kind: 'stored', outcome: verdict.outcome }
          : { kind: 'rejected', error: verdict.error },
      );
    }
  }

  #drop(key: string, expected: ExpectedResult): void {
    const waiting = this.#byMessage.get(key);
    const at = waiting?.indexOf(expected) ?? -1;
    if (waiting === undefined || at < 0) return;
    waiting.splice(at, 1);
    this.#size--;
    if (waiting.length === 0) this.#byMessage.delete(key);
  }
}

/** One who waits. */
export class ExpectedResult {
  readonly #clock: Clock;
  readonly #ended: () => void;
  readonly #result = Promise.withResolvers<FinalResult | undefined>();

  constructor(clock: Clock, ended: () => void) {
    this.#clock = clock;
    this.#ended = ended;
  }

  /** The result; undefined where it did not come in time, or nobody waits for it any more. */
  async within(waitMs: number): Promise<FinalResult | undefined> {
    const timer = this.#clock.after(waitMs, () => this.cancel());
    try {
      return await this.#result.promise;
    } finally {
      timer.cancel();
    }
  }

  settle(result: FinalResult): void {
    this.#ended();
    this.#result.resolve(result);
  }

  cancel(): void {
    this.#ended();
    this.#result.resolve(undefined);
  }
}

/** An id of a device has no '/'. */
function keyOf(deviceId: string, messageId: string): string {
  return `${deviceId}/${messageId}`;
}
