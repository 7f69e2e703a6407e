import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { type Clock, systemClock, type Timer } from './clock.ts';
import type { Part } from './lifecycle.ts';
import type { Log } from './log.ts';

/** How busy the event loop was. Delays are what a timer that was due had to wait, in seconds. */
export interface EventLoopLoad {
  /** Median and 99th percentile of the last full window. */
  readonly delayP50Seconds: number;
  readonly delayP99Seconds: number;
  /** The longest of the last windows together, so that whoever looks once a minute misses none. */
  readonly delayMaxSeconds: number;
  /** Share of the last full window that was not spent waiting for events: 0 to 1. */
  readonly utilization: number;
}

/** Where the numbers come from. Delays in milliseconds. */
export interface EventLoopGauge {
  start(): void;
  stop(): void;
  /** What was measured since the last call. */
  take(): { readonly p50: number; readonly p99: number; readonly max: number; readonly utilization: number };
}

export interface EventLoopWatchParts {
  /** A 99th percentile above this, in milliseconds and `slowWindows` windows in a row, is worth a warning; 0 never. */
  readonly delayMsMax: number;
  readonly log: Log;
  readonly clock?: Clock;
  readonly gauge?: EventLoopGauge;
}

/** Watches whether the one thread that serves everybody keeps up, and says so once when it does not. */
export class EventLoopWatch implements Part {
  readonly name = 'event loop watch';
  readonly #delayMsMax: number;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #gauge: EventLoopGauge;
  #maxima: readonly number[] = [];
  #load: EventLoopLoad = { delayP50Seconds: 0, delayP99Seconds: 0, delayMaxSeconds: 0, utilization: 0 };
  #slow = 0;
  #timer: Timer | undefined;

  constructor({ delayMsMax, log, clock = systemClock, gauge = new NodeGauge() }: EventLoopWatchParts) {
    this.#delayMsMax = delayMsMax;
    this.#log = log;
    this.#clock = clock;
    this.#gauge = gauge;
  }

  get load(): EventLoopLoad {
    return this.#load;
  }

  start(): void {
    this.#gauge.start();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#gauge.stop();
  }

  #arm(): void {
    this.#timer = this.#clock.after(windowMs, () => this.#tick());
  }

  #tick(): void {
    const { p50, p99, max, utilization } = this.#gauge.take();
    this.#maxima = [max, ...this.#maxima].slice(0, windowsOfMaximum);
    this.#load = {
      delayP50Seconds: p50 / 1000,
      delayP99Seconds: p99 / 1000,
      delayMaxSeconds: Math.max(...this.#maxima) / 1000,
      utilization,
    };
    this.#judge(p99);
    this.#arm();
  }

  #judge(p99: number): void {
    const isSlow = this.#delayMsMax > 0 && p99 > this.#delayMsMax;
    const was = this.#slow;
    this.#slow = isSlow ? was + 1 : 0;
    if (this.#slow === slowWindows) {
      this.#log.warn('The event loop does not keep up: look for a payload, script or scrape that takes long', {
        delayP99Ms: Math.round(p99),
        delayMsMax: this.#delayMsMax,
      });
    }
    if (!isSlow && was >= slowWindows) this.#log.info('The event loop keeps up again', { delayP99Ms: Math.round(p99) });
  }
}

export const windowMs = 15_000;
export const slowWindows = 2;
const windowsOfMaximum = 4;

/** How often the delay is sampled, in milliseconds. Node's histogram counts this pause as part of every delay. */
const resolutionMs = 10;
const nanosecondsPerMs = 1e6;

class NodeGauge implements EventLoopGauge {
  readonly #delays = monitorEventLoopDelay({ resolution: resolutionMs });
  #since = performance.eventLoopUtilization();

  start(): void {
    this.#delays.enable();
    this.#since = performance.eventLoopUtilization();
  }

  stop(): void {
    this.#delays.disable();
  }

  take(): ReturnType<EventLoopGauge['take']> {
    const delays = this.#delays;
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#since);
    this.#since = now;
    const taken = {
      p50: delayMs(delays.percentile(50)),
      p99: delayMs(delays.percentile(99)),
      max: delays.count === 0 ? 0 : delayMs(delays.max),
      utilization,
    };
    delays.reset();
    return taken;
  }
}

function delayMs(nanoseconds: number): number {
  return Math.max(0, nanoseconds / nanosecondsPerMs - resolutionMs);
}
