import type { Message } from '../../message.ts';
import { hash48Of } from '../../std/hash.ts';
import { compileKey, type KeyOf } from '../key-expression.ts';
import type { QueueOptions } from '../options.ts';
import { expiresAtOf, laneOf, messageOf, placed } from './record.ts';

/** What a queue makes of the messages that come into it: what their records say for it alone. */
export class Placing {
  readonly #keyOf: KeyOf | undefined;

  constructor({ orderingKey, lastValue }: QueueOptions) {
    const key = lastValue.key ?? orderingKey;
    this.#keyOf = key === null ? undefined : compileKey(key);
  }

  /** `message` is what the record holds, where somebody has it. `owned`: the record is this queue's alone. */
  place(record: Buffer, message: Message | undefined, owned: boolean): Buffer {
    if (this.#keyOf === undefined) return record;
    const key = this.#keyOf(message ?? messageOf(record));
    const keyHash = key === undefined ? 0 : hash48Of(key);
    return placed(record, { lane: laneOf(record), expiresAt: expiresAtOf(record), keyHash }, owned);
  }
}
