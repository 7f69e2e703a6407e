import type { QueueOptions } from '../../../options.ts';
import { keyOf, numberOf } from './published.ts';
import type { ReferenceMessage } from './reference-message.ts';

interface ValuesQueue {
  readonly options: QueueOptions;
  readonly messages: ReadonlyMap<string, ReferenceMessage>;
  readonly room: { mayHaveDropped(id: string): boolean };
}

/** For tests: which message of a key is the newest, for a queue that keeps that one alone. Numbers grow with time. */
export class ReferenceValues {
  readonly #queue: ValuesQueue;
  /** The highest number of each key that ever came. */
  readonly #newestEver = new Map<string, number>();

  constructor(queue: ValuesQueue) {
    this.#queue = queue;
  }

  /** Whether only the newest message of a key is kept. */
  get conflates(): boolean {
    return this.#queue.options.lastValue.key !== null;
  }

  /**
   * Whether a newer one of its key is there, or came before it was told, so that it is gone. What may have been dropped is not there. With a
   * transaction, only what came in that one: the engine says that no newer one was there before.
   */
  isOutdone(id: string, transaction?: number): boolean {
    const newer = this.#newestOf(id).filter((other) => numberOf(other.id) > numberOf(id));
    const isThere = (other: ReferenceMessage): boolean =>
      transaction === undefined || other.transaction === transaction;
    return newer.some((other) => isThere(other) && !this.#queue.room.mayHaveDropped(other.id));
  }

  /** It is in the queue, or has been. */
  came(id: string): void {
    const key = keyOf(id);
    if (key !== undefined) this.#newestEver.set(key, Math.max(this.#newestEver.get(key) ?? 0, numberOf(id)));
  }

  /** Whether one of its key that is not older may be there. */
  mayHaveNewer(id: string): boolean {
    const key = this.conflates ? keyOf(id) : undefined;
    return key !== undefined && (this.#newestEver.get(key) ?? -1) >= numberOf(id);
  }

  isKeyOut({ id }: ReferenceMessage): boolean {
    return this.#sameKeyAs(id).some(({ deadline }) => deadline !== undefined);
  }

  /** What goes when it comes: the newest so far of its key, unless it is out. */
  replacedBy(id: string): ReferenceMessage[] {
    return this.#newestOf(id).filter(({ deadline }) => deadline === undefined);
  }

  /** What is out when it comes, and goes when it comes back. One that was out when the process ended goes when its turn comes. */
  supersededBy(id: string): ReferenceMessage[] {
    return this.#newestOf(id).filter(({ deadline }) => deadline !== undefined);
  }

  #newestOf(id: string): ReferenceMessage[] {
    return this.#sameKeyAs(id).filter(({ isSuperseded }) => !isSuperseded);
  }

  #sameKeyAs(id: string): ReferenceMessage[] {
    const key = this.conflates ? keyOf(id) : undefined;
    if (key === undefined) return [];
    return [...this.#queue.messages.values()].filter((other) => other.id !== id && keyOf(other.id) === key);
  }
}
