import type { Ledger } from '../idempotent.ts';

/** Remembers the newest keys for as long as the process lives: enough against deliveries that a slow handler brings about. */
export class MemoryLedger implements Ledger<undefined> {
  readonly #keys = new Set<string>();
  readonly #keysMax: number;

  constructor(keysMax = 100_000) {
    this.#keysMax = keysMax;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  once(key: string, effect: (transaction: undefined) => void): boolean {
    if (this.#keys.has(key)) return false;
    effect(undefined);
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > this.#keysMax) this.#keys.delete(oldest);
    return true;
  }
}
