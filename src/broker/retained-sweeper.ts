import type { Clock, Timer } from '../std/clock.ts';
import type { Retained } from './retained.ts';

/** Forgets retained messages that expired and that nobody met: now and then, in short steps, and only where there can be some. */
export class RetainedSweeper {
  readonly #retained: Retained;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(retained: Retained, clock: Clock) {
    this.#retained = retained;
    this.#clock = clock;
  }

  start(): void {
    this.#timer = this.#clock.after(sweepIntervalMs, () => this.#begin());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #begin(): void {
    if (this.#retained.needsSweep) this.#step(this.#retained.sweep());
    else this.start();
  }

  #step(sweep: () => boolean): void {
    if (sweep()) this.#timer = this.#clock.after(stepPauseMs, () => this.#step(sweep));
    else this.start();
  }
}

const sweepIntervalMs = 600_000;
/** Between two steps: what is left of the disk and the main thread belongs to others. */
const stepPauseMs = 100;
