const nobody: readonly number[] = [];

/**
 * Who may go of the messages that have a key: of each key one is out at a time, from its first delivery until it is
 * settled, over its retries too. Later ones of that key stand behind it, in order.
 */
export class KeyLines {
  /** The sequences behind the one that is out. */
  readonly #lines = new Map<number, readonly number[]>();
  #standing = 0;

  /** How many stand behind others. */
  get standing(): number {
    return this.#standing;
  }

  isBusy(key: number): boolean {
    return this.#lines.has(key);
  }

  /** A message of the key goes out. */
  occupy(key: number): void {
    if (!this.#lines.has(key)) this.#lines.set(key, nobody);
  }

  /** Behind all others of a key that is busy. */
  stand(key: number, sequence: number): void {
    const line = this.#lines.get(key) ?? nobody;
    if (line === nobody) this.#lines.set(key, [sequence]);
    else (line as number[]).push(sequence);
    this.#standing++;
  }

  /** The one that was out is settled: answers who is out now, where somebody stood behind it. */
  next(key: number): number | undefined {
    const line = this.#lines.get(key) ?? nobody;
    if (line.length === 0) {
      this.#lines.delete(key);
      return undefined;
    }
    this.#standing--;
    return (line as number[]).shift();
  }

  clear(): void {
    this.#lines.clear();
    this.#standing = 0;
  }
}
