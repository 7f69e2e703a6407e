import type { SluiceError } from '../errors.ts';
import type { PipelineLimits } from './limits.ts';
import type { Outcome, Verdict } from './outcome.ts';
import type { Work } from './work.ts';

/** What became of a message in the end. */
export type FinalResult =
  | { readonly kind: 'stored'; readonly outcome: Outcome }
  | { readonly kind: 'rejected'; readonly error: SluiceError };

/** A message that a client wants to hear the end of. */
export interface Awaited {
  readonly deviceId: string;
  readonly messageId: string;
  readonly client: string;
}

/** Names of the bounds in `pipelineLimits`. */
export type ResultBound = 'resultWaitersMax' | 'resultWaitersPerClientMax';

/** Hears what became of messages, of each under its own number. */
export interface ResultListener {
  result(tag: number, result: FinalResult): void;
}

/**
 * Messages that somebody wants to hear the end of. Nothing is promised: who waited too long looks it up. Of several with
 * one id the first that waits hears of the first that ends, so that the second one hears that it was a duplicate.
 */
export class ResultWaiters {
  readonly #bounds: Pick<PipelineLimits, ResultBound>;
  readonly #byClient = new Map<string, number>();
  readonly #byMessage = new Map<string, Waiting[]>();
  #size = 0;

  constructor(bounds: Pick<PipelineLimits, ResultBound>) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#size;
  }

  /** To be asked before the message is admitted, so that its result cannot be missed. Answers the bound that leaves no room for it. */
  expect({ deviceId, messageId, client }: Awaited, listener: ResultListener, tag: number): ResultBound | undefined {
    const own = this.#byClient.get(client) ?? 0;
    if (own >= this.#bounds.resultWaitersPerClientMax) return 'resultWaitersPerClientMax';
    if (this.#size >= this.#bounds.resultWaitersMax) return 'resultWaitersMax';
    const key = keyOf(deviceId, messageId);
    const others = this.#byMessage.get(key);
    if (others === undefined) this.#byMessage.set(key, [{ client, listener, tag }]);
    else others.push({ client, listener, tag });
    this.#byClient.set(client, own + 1);
    this.#size++;
    return undefined;
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
    const [{ client }] = waiting.splice(at, 1);
    const left = (this.#byClient.get(client) ?? 0) - 1;
    if (left > 0) this.#byClient.set(client, left);
    else this.#byClient.delete(client);
    this.#size--;
    if (waiting.length === 0) this.#byMessage.delete(key);
  }
}

interface Waiting {
  readonly client: string;
  readonly listener: ResultListener;
  readonly tag: number;
}

/** An id of a device has no '/'. */
function keyOf(deviceId: string, messageId: string): string {
  return `${deviceId}/${messageId}`;
}
