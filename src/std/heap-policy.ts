import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { type Clock, systemClock, type Timer } from './clock.ts';
import { collector } from './collector.ts';
import type { Part } from './lifecycle.ts';

/** The heap of the main thread, and how V8 is told what to do with it. */
export interface Heap {
  /** What it takes from the system, and what of that is in use. In bytes. */
  size(): { readonly taken: number; readonly used: number };
  /** Share of the time since the last call in which the event loop had work: 0 to 1. */
  utilization(): number;
  /** How often in a row V8 may collect to give memory back, when it finds that little is allocated. */
  shrinkByItself(times: number): void;
  /** By how much of what lives the old heap may grow between two full collections; 0 leaves it to V8. In percent. */
  growBy(percent: number): void;
  /** Collects and gives everything back that is not in use. */
  shrink(): void;
}

/**
 * Has V8 give memory back when nothing happens, and not before; and has it collect the whole heap as seldom under load as it would
 * by itself at its best. Left alone it shrinks the heap eight seconds after a full collection, also between two bursts of which one
 * comes every second, and from then on collects whenever the heap has grown by a tenth: those collections fall into the bursts.
 */
export class HeapPolicy implements Part {
  readonly name = 'heap policy';
  readonly #heap: Heap;
  readonly #clock: Clock;
  readonly #connections: () => number;
  #timer: Timer | undefined;
  #settledBytes = 0;
  #settledConnections = 0;
  /** How many were open when the heap was given back last. */
  #shrunkConnections = 0;
  #quietWindows = 0;

  /** `connections` tells how many are open. */
  constructor(connections: () => number, clock: Clock = systemClock, heap: Heap = new NodeHeap()) {
    this.#connections = connections;
    this.#clock = clock;
    this.#heap = heap;
  }

  start(): void {
    this.#heap.utilization();
    this.#steer();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#leave();
  }

  #arm(): void {
    this.#timer = this.#clock.after(windowMs, () => this.#look());
  }

  #look(): void {
    this.#quietWindows = this.#heap.utilization() < quietUtilizationMax ? this.#quietWindows + 1 : 0;
    const { taken, used } = this.#heap.size();
    const isSteered = used <= steeredBytesMax;
    if (isSteered) this.#steer();
    else this.#leave();
    const isQuiet = this.#isQuietEnough();
    // What they took is not in use any more, though nobody has looked for it since.
    if (this.#shrunkConnections - this.#settledConnections >= goneConnectionsMin) this.#settledBytes = 0;
    if (isQuiet && isSteered && taken > this.#settledBytes + growthBytesMin) this.#shrink();
    this.#arm();
  }

  /** Who has just come may stay for long and do little; a burst may be followed by another one. */
  #isQuietEnough(): boolean {
    const connections = this.#connections();
    const haveCome = connections > this.#settledConnections;
    if (!haveCome) this.#settledConnections = connections;
    return this.#quietWindows >= (haveCome ? 1 : quietWindowsMin);
  }

  #steer(): void {
    this.#heap.growBy(growthPercent);
    this.#heap.shrinkByItself(0);
  }

  #shrink(): void {
    this.#heap.shrink();
    this.#settledBytes = this.#heap.size().taken;
    this.#settledConnections = this.#connections();
    this.#shrunkConnections = this.#settledConnections;
  }

  #leave(): void {
    this.#heap.growBy(usualGrowth);
    this.#heap.shrinkByItself(usualShrinks);
  }
}

export const windowMs = 10_000;
/** So many quiet windows are a minute. What gives memory back also takes compiled code with it, which the next burst then lacks. */
export const quietWindowsMin = 6;
/** A thousand devices that report once a second are 5 to 10 %. */
export const quietUtilizationMax = 0.03;
/** Less than this is not worth a collection. */
export const growthBytesMin = 16 * 1024 * 1024;
/** So many connections together take about as much. */
export const goneConnectionsMin = 4_000;
/**
 * A heap with more in use is left to V8: to collect it stands still for about 1 ms for each MiB, and with four times as much memory
 * as lives it would be a large part of a small machine's.
 */
export const steeredBytesMax = 256 * 1024 * 1024;
/** V8's own limit, to which it goes where messages are many and collections quick. */
export const growthPercent = 300;
export const usualGrowth = 0;
/** V8's own. */
export const usualShrinks = 2;

class NodeHeap implements Heap {
  readonly #collect = collector();
  #since = performance.eventLoopUtilization();

  size(): ReturnType<Heap['size']> {
    const { total_heap_size: taken, used_heap_size: used } = getHeapStatistics();
    return { taken, used };
  }

  utilization(): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#since);
    this.#since = now;
    return utilization;
  }

  shrinkByItself(times: number): void {
    setFlagsFromString(`--memory-reducer-gc-count=${times}`);
  }

  growBy(percent: number): void {
    setFlagsFromString(`--heap-growing-percent=${percent}`);
  }

  shrink(): void {
    // A usual collection keeps the pages that became empty for itself.
    this.#collect({ type: 'major', flavor: 'last-resort' });
  }
}
