import { hash } from 'node:crypto';
import type { Message } from '../../message.ts';
import { compileKey, type KeyOf } from '../key-expression.ts';
import type { EngineContext } from './context.ts';
import { digestKey, readPlace, writePlace } from './keys.ts';
import { Unflushed } from './unflushed.ts';

/** Of the key: whoever makes two keys with one digest can break SHA-256. */
export type KeyDigest = string;

const digestBytes = 16;

/**
 * Which message of each key is the newest that is present, by a row that changes in the commit of the message. What is not
 * flushed yet is in memory, and a little longer: the disk shows it when the second flush from there has come.
 */
export class LastValues {
  readonly #queue: number;
  readonly #context: EngineContext;
  readonly #keyOf: KeyOf;
  /** Sequence, or 0 where there is none any more. */
  readonly #changed: Unflushed<KeyDigest, number>;

  constructor(queue: number, key: string, context: EngineContext) {
    this.#queue = queue;
    this.#context = context;
    this.#changed = new Unflushed(context.commit);
    this.#keyOf = compileKey(key);
  }

  /** Undefined where the message has no key: it stands for itself. */
  digestOf(message: Message): KeyDigest | undefined {
    const key = this.#keyOf(message);
    return key === undefined ? undefined : hash('sha256', key, 'binary').slice(0, digestBytes);
  }

  /** Its sequence; 0 where none is present. */
  newest(digest: KeyDigest): number {
    const known = this.#changed.get(digest);
    if (known !== undefined) return known;
    const row = this.#context.environment.get('last-values', digestKey(this.#queue, digest));
    return row === undefined ? 0 : readPlace(row).sequence;
  }

  came(digest: KeyDigest, lane: number, sequence: number): void {
    this.#changed.set(digest, sequence);
    this.#context.commit.put('last-values', digestKey(this.#queue, digest), writePlace(lane, sequence));
  }

  left(digest: KeyDigest): void {
    this.#changed.set(digest, 0);
    this.#context.commit.remove('last-values', digestKey(this.#queue, digest));
  }
}
