/**
 * How fast totals grow, over the last so many samples of them. It costs nothing between two samples, whatever is counted
 * meanwhile.
 */
export class RateWindow {
  readonly #totals: number;
  readonly #samples: number;
  /** A ring of samples, each the time and then the totals. */
  readonly #ring: Float64Array;
  #taken = 0;

  constructor(totals: number, samples: number) {
    this.#totals = totals;
    this.#samples = samples;
    this.#ring = new Float64Array(samples * (totals + 1));
  }

  /** Takes the totals of this moment. Where the clock was set back the window begins again. */
  sample(now: number, totals: ArrayLike<number>): void {
    if (this.#taken > 0 && now <= this.#ring[this.#at(this.#taken - 1)]) this.#taken = 0;
    const at = this.#at(this.#taken++);
    this.#ring[at] = now;
    for (let i = 0; i < this.#totals; i++) this.#ring[at + 1 + i] = totals[i];
  }

  /** Of the total at this place, a second; 0 as long as there are not two samples. */
  perSecond(total: number): number {
    const held = Math.min(this.#taken, this.#samples);
    if (held < 2) return 0;
    const last = this.#at(this.#taken - 1);
    const first = this.#at(this.#taken - held);
    const ring = this.#ring;
    return ((ring[last + 1 + total] - ring[first + 1 + total]) / (ring[last] - ring[first])) * 1_000;
  }

  #at(sample: number): number {
    return (sample % this.#samples) * (this.#totals + 1);
  }
}
