/** Totals by name that only grow. */
export type Totals = Readonly<Record<string, number>>;

/**
 * How much a minute, averaged over the last minute, five and fifteen, as a machine's load is: what is longer ago counts
 * exponentially less.
 */
export class LoadAverages {
  #last: Totals;
  readonly #averages = new Map<string, number>();

  constructor(totals: Totals) {
    this.#last = totals;
    for (const name of Object.keys(totals)) {
      for (const minutes of spansMinutes) this.#averages.set(keyOf(name, minutes), 0);
    }
  }

  /** `elapsedSeconds` after the last totals. */
  tick(totals: Totals, elapsedSeconds: number): void {
    for (const [name, total] of Object.entries(totals)) {
      const perMinute = ((total - (this.#last[name] ?? 0)) * 60) / elapsedSeconds;
      for (const minutes of spansMinutes) {
        const key = keyOf(name, minutes);
        const kept = Math.exp(-elapsedSeconds / (60 * minutes));
        this.#averages.set(key, perMinute + kept * ((this.#averages.get(key) ?? 0) - perMinute));
      }
    }
    this.#last = totals;
  }

  *values(): Generator<readonly [name: string, value: string]> {
    for (const [name, average] of this.#averages) yield [name, average.toFixed(2)];
  }
}

function keyOf(name: string, minutes: number): string {
  return `${name}/${minutes}min`;
}

const spansMinutes = [1, 5, 15];
