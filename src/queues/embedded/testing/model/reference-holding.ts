import assert from 'node:assert/strict';
import type { ReferenceMessage } from './reference-message.ts';

/** For tests: which messages of a queue somebody holds, and until when. */
export class ReferenceHolding {
  readonly #messages: ReadonlyMap<string, ReferenceMessage>;
  readonly all = new Set<ReferenceMessage>();

  constructor(messages: ReadonlyMap<string, ReferenceMessage>) {
    this.#messages = messages;
  }

  get size(): number {
    return this.all.size;
  }

  take(message: ReferenceMessage, deadline: number): void {
    assert.equal(message.deadline, undefined, `${message.id} was delivered while somebody holds it`);
    message.deadline = deadline;
    this.all.add(message);
  }

  giveBack(message: ReferenceMessage): void {
    message.deadline = undefined;
    this.all.delete(message);
  }

  /** It is in the queue no more, whoever holds it. */
  forget(message: ReferenceMessage): void {
    this.all.delete(message);
  }

  /** The message that is settled. */
  require(id: string): ReferenceMessage {
    const message = this.#messages.get(id);
    assert.ok(message?.deadline !== undefined, `${id} is settled and nobody holds it`);
    return message;
  }

  /** Those whose leases are over, in the order of their ends. */
  over(now: number): readonly { readonly id: string; readonly deadline: number }[] {
    const over: { readonly id: string; readonly deadline: number }[] = [];
    for (const { id, deadline } of this.all) if (deadline !== undefined && deadline <= now) over.push({ id, deadline });
    return over.sort((one, other) => one.deadline - other.deadline);
  }

  /** The process has ended, and nobody holds anything. */
  end(): void {
    for (const message of this.#messages.values()) message.deadline = undefined;
    this.all.clear();
  }
}
