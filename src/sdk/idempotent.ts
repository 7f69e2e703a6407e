import type { Handler } from './client.ts';
import type { Received } from './received.ts';

/** Remembers which messages are done, together with what doing them changed. */
export interface Ledger<Transaction = undefined> {
  has(key: string): boolean | Promise<boolean>;
  /**
   * Runs `effect` and remembers the key, both or neither; does nothing and answers false where the key is known. `effect` is given what
   * it makes its changes in.
   */
  once(key: string, effect: (transaction: Transaction) => void): boolean | Promise<boolean>;
}

export interface IdempotentParts<Result, Transaction> {
  readonly ledger: Ledger<Transaction>;
  /** The part that may run again, when a worker dies in it: it changes nothing that counts. */
  readonly work: (message: Received, signal: AbortSignal) => Promise<Result> | Result;
  /** The part that happens once for each message, in the ledger's own transaction. */
  readonly effect: (result: Result, transaction: Transaction, message: Received) => void;
  /**
   * What makes a message this one. Default: its queue and its place in it, which stay the same however often it is delivered. Where a
   * publisher may send one twice, something that the publisher gave.
   */
  readonly key?: (message: Received) => string;
}

/**
 * A handler whose effect happens once for each message, although a queue delivers at least once: a worker that dies is followed by
 * another with the same message.
 */
export function idempotent<Result, Transaction>(parts: IdempotentParts<Result, Transaction>): Handler {
  const { ledger, work, effect, key = placeOf } = parts;
  return async (message, signal) => {
    const name = key(message);
    if (await ledger.has(name)) return;
    const result = await work(message, signal);
    // Whoever gave the message up may have been followed by another already.
    signal.throwIfAborted();
    await ledger.once(name, (transaction) => effect(result, transaction, message));
  };
}

function placeOf({ queue, sequence }: Received): string {
  return `${queue}/${sequence}`;
}
