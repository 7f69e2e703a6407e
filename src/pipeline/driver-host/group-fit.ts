import { groupMax } from './job.ts';

/**
 * How many messages of each script run together: they share a time box, and a group that does not fit into it costs the whole box
 * before its messages are run one by one. So a group takes half a box at most, as far as the last ones tell.
 */
export class GroupFit {
  readonly #timeoutMs: number;
  readonly #lengths = new Map<number, number>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  lengthOf(script: number): number {
    return this.#lengths.get(script) ?? groupMax;
  }

  /** Scripts are known by other numbers from now on, or by none. */
  forget(): void {
    this.#lengths.clear();
  }

  /** A group of `count` took so long, all of its box where it did not fit. */
  took(script: number, count: number, ms: number): void {
    const length = this.lengthOf(script);
    if (ms > this.#timeoutMs / 2) this.#lengths.set(script, Math.max(1, Math.floor(count / 2)));
    else if (count < length || length === groupMax || ms > this.#timeoutMs / 8) return;
    else if (length * 2 >= groupMax) this.#lengths.delete(script);
    else this.#lengths.set(script, length * 2);
  }
}
