/**
 * What the reference did and the disk does not have yet, so that a power cut takes back from the reference exactly what it
 * takes from the engine: whatever was not in a transaction that has ended.
 */
export class History {
  #open: (() => void)[] = [];
  readonly #running: (() => void)[][] = [];
  #begun = 0;
  #isDurableNow = false;

  /** The transaction that what happens now goes into. */
  get transaction(): number {
    return this.#begun;
  }

  add(undo: () => void): void {
    if (!this.#isDurableNow) this.#open.push(undo);
  }

  /** For what the reference is told of after the disk has it. */
  durably(change: () => void): void {
    this.#isDurableNow = true;
    change();
    this.#isDurableNow = false;
  }

  /** A transaction has what happened up to now. */
  began(): void {
    this.#running.push(this.#open);
    this.#open = [];
    this.#begun++;
  }

  /** The one that began first has ended. */
  ended(): void {
    this.#running.shift();
  }

  isDurable(transaction: number): boolean {
    return transaction < this.#begun - this.#running.length;
  }

  cutPower(): void {
    this.#undo(this.#open);
    for (const undone of this.#running.reverse()) this.#undo(undone);
    this.#begun -= this.#running.length;
    this.#running.length = 0;
    this.#open = [];
  }

  #undo(undone: readonly (() => void)[]): void {
    for (let at = undone.length - 1; at >= 0; at--) undone[at]();
  }
}
