import type { SluiceError } from '../errors.ts';
import type { Outcome, Verdict } from './outcome.ts';
import type { Work } from './work.ts';

/** What became of a message in the end. */
export type FinalResult =
  | { readonly kind: 'stored'; readonly outcome: Outcome }
  | { readonly kind: 'rejected'; readonly error: SluiceError };

/** Hears what became of messages, of each under its own number. */
export interface ResultListener {
  result(tag: number, result: FinalResult): void;
}

/**
 * Messages that somebody wants to hear the end of. Nothing is promised: who waited too long looks it up. Of several with
 * one id the first that waits hears of the first that ends, so that the second one hears that it was a duplicate.
 */
export class ResultWaiters {
  readonly #waitersMax: number;
  readonly #byMessage = new Map<string, Waiting[]>();
  #size = 0;

  constructor(waitersMax: number) {
    this.#waitersMax = waitersMax;
  }

  get size(): number {
    return this.#size;
  }

  /** To be asked before the message is admitted, so that its result cannot be missed. False where too many wait already. */
  expect(deviceId: string, messageId: string, listener: ResultListener, tag: number): boolean {
    if (this.#size >= this.#waitersMax) return false;
    const key = keyOf(deviceId, messageId);
    const others = this.#byMessage.get(key);
    if (others === undefined) this.#byMessage.set(key, [{ listener, tag }]);
    else others.push({ listener, tag });
    this.#size++;
    return true;
  }

  /** Nobody waits for it any longer. */
  forget(deviceId: string, messageId: string, listener: ResultListener, tag: number): void {
    const key = keyOf(deviceId, messageId);
    const waiting = this.#byMessage.get(key) ?? [];
    this.#remove(
      key,
      waiting,
      waiting.findIndex((each) => each.listener === listener && each.tag === tag),
    );
  }

  /** A failure is no end: the queue tries again. */
  tell(work: Work, verdict: Verdict): void {
    if (verdict.kind === 'failed') return;
    const key = keyOf(work.address.deviceId, work.messageId);
    const waiting = this.#byMessage.get(key);
    if (waiting === undefined) return;
    const [{ listener, tag }] = waiting;
    this.#remove(key, waiting, 0);
    listener.result(
      tag,
      verdict.kind === 'stored'
        ? { kind: 'stored', outcome: verdict.outcome }
        : { kind: 'rejected', error: verdict.error },
    );
  }

  #remove(key: string, waiting: Waiting[], at: number): void {
    if (at < 0) return;
    waiting.splice(at, 1);
    this.#size--;
    if (waiting.length === 0) this.#byMessage.delete(key);
  }
}

interface Waiting {
  readonly listener: ResultListener;
  readonly tag: number;
}

/** An id of a device has no '/'. */
function keyOf(deviceId: string, messageId: string): string {
  return `${deviceId}/${messageId}`;
}
