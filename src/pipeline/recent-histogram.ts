import { Histogram, type HistogramReading } from '../std/histogram.ts';

/** Values of late: all of the last half of `windowMs`, and none from before `windowMs` ago. What is over is dropped by the half. */
export class RecentHistogram {
  readonly #halfMs: number;
  #before = new Histogram();
  #current = new Histogram();
  #half = 0;

  constructor(windowMs: number) {
    this.#halfMs = windowMs / 2;
  }

  record(value: number, now: number): void {
    this.#turnTo(now);
    this.#current.record(value);
  }

  read(now: number): HistogramReading {
    this.#turnTo(now);
    const both = new Histogram();
    both.add(this.#before);
    both.add(this.#current);
    return both.read();
  }

  /** A clock that was set back goes on in the half that was reached. */
  #turnTo(now: number): void {
    const half = Math.floor(now / this.#halfMs);
    if (half <= this.#half) return;
    this.#before = half === this.#half + 1 ? this.#current : new Histogram();
    this.#current = new Histogram();
    this.#half = half;
  }
}
