import { performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import { type Clock, systemClock, type Timer } from './clock.ts';
import { collector } from './collector.ts';
import type { Part } from './lifecycle.ts';

/** Where V8 puts what is new, on the main thread. */
export interface YoungHeap {
  /** How much of it is taken: 0 to 1. */
  fill(): number;
  /** Share of the time since the last call in which the event loop had work: 0 to 1. */
  utilization(): number;
  /** Throws out what is not in use. */
  collect(): void;
}

/**
 * Collects the young heap between two bursts once it is half full. V8 does it when four fifths are taken, which is always in the
 * middle of a burst, when all that the burst has brought is still in use and has to be moved.
 */
export class YoungHeapPolicy implements Part {
  readonly name = 'young heap policy';
  readonly #heap: YoungHeap;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(clock: Clock = systemClock, heap: YoungHeap = new NodeYoungHeap()) {
    this.#clock = clock;
    this.#heap = heap;
  }

  start(): void {
    this.#heap.utilization();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#clock.after(youngLookMs, () => this.#look());
  }

  #look(): void {
    if (this.#heap.utilization() < restUtilizationMax && this.#heap.fill() > restFillMin) this.#heap.collect();
    this.#arm();
  }
}

/** Well below the second after which devices report again. */
export const youngLookMs = 100;
/** A message now and then is no burst. */
export const restUtilizationMax = 0.1;
/** So that a burst of a few thousand messages fits into what is left. */
export const restFillMin = 0.5;

/** That of this process. */
export class NodeYoungHeap implements YoungHeap {
  readonly #collect = collector();
  #since = performance.eventLoopUtilization();

  fill(): number {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    if (young === undefined) return 0;
    const { space_used_size: used, space_available_size: left } = young;
    return used / Math.max(1, used + left);
  }

  utilization(): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#since);
    this.#since = now;
    return utilization;
  }

  collect(): void {
    this.#collect({ type: 'minor' });
  }
}
