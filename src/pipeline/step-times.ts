import { Histogram, type HistogramReading } from '../std/histogram.ts';

/** How long each step takes for a batch, in microseconds. Batches of one are batches too. */
export class StepTimes {
  readonly #steps = new Map<string, Histogram>();

  /** Both as `performance.now` has them. */
  record(step: string, from: number, to: number): void {
    let times = this.#steps.get(step);
    if (times === undefined) {
      times = new Histogram();
      this.#steps.set(step, times);
    }
    times.record((to - from) * 1_000);
  }

  read(): Readonly<Record<string, HistogramReading>> {
    return Object.fromEntries([...this.#steps].map(([step, times]) => [step, times.read()]));
  }
}
