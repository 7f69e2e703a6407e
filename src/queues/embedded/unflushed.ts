import type { SluiceError } from '../../errors.ts';
import type { ReceiptWaiter } from '../../message.ts';
import type { GroupCommit } from '../../storage/group-commit.ts';

/**
 * What rows say that the disk does not show yet. An entry stays until the second flush after it came: the first one may be that
 * of a batch that was closed before.
 */
export class Unflushed<K, V> implements ReceiptWaiter {
  readonly #commit: GroupCommit;
  #came = new Map<K, V>();
  #before = new Map<K, V>();
  #waits = false;

  constructor(commit: GroupCommit) {
    this.#commit = commit;
  }

  get(key: K): V | undefined {
    return this.#came.get(key) ?? this.#before.get(key);
  }

  /** Its row is in the open batch. */
  set(key: K, value: V): void {
    this.#came.set(key, value);
    this.#wait();
  }

  receipt(_tag: number, failure: SluiceError | undefined): void {
    this.#waits = false;
    if (failure !== undefined) return;
    this.#before = this.#came;
    this.#came = new Map();
    if (this.#before.size > 0) this.#wait();
  }

  #wait(): void {
    if (this.#waits) return;
    this.#waits = true;
    this.#commit.wait(this, 0);
  }
}
