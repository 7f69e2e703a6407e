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
  /** Of messages that are in memory alone: nothing on disk may speak of them. */
  readonly #unwritten = new Map<KeyDigest, number>();

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
    const known = this.#unwritten.get(digest) ?? this.#changed.get(digest);
    if (known !== undefined) return known;
    const row = this.#context.environment.get('last-values', digestKey(this.#queue, digest));
    return row === undefined ? 0 : readPlace(row).sequence;
  }

  came(digest: KeyDigest, sequence: number, isInMemory: boolean): void {
    if (!isInMemory) {
      this.#write(digest, sequence);
      return;
    }
    if (this.newest(digest) !== 0) this.left(digest);
    this.#unwritten.set(digest, sequence);
  }

  left(digest: KeyDigest): void {
    if (this.#unwritten.delete(digest)) return;
    this.#changed.set(digest, 0);
    this.#context.commit.remove('last-values', digestKey(this.#queue, digest));
  }

  /** What is in memory alone is written with the open batch. */
  writeAll(): void {
    for (const [digest, sequence] of this.#unwritten) this.#write(digest, sequence);
    this.#unwritten.clear();
  }

  #write(digest: KeyDigest, sequence: number): void {
    this.#changed.set(digest, sequence);
    this.#context.commit.put('last-values', digestKey(this.#queue, digest), writePlace(0, sequence));
  }
}
