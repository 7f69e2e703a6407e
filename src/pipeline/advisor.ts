import type { Clock } from '../std/clock.ts';
import { type Advice, adviceFor } from './advice.ts';
import type { QueueSize } from './auto-mode.ts';
import type { RegistryCache } from './registry-cache.ts';
import type { WayNumbers } from './way-numbers.ts';

export interface AdviceAnswer {
  readonly advice: readonly Advice[];
  /** Messages of event types that are too many to be looked at one by one. */
  readonly omitted: number;
  /** Messages in the ingest queue. */
  readonly backlog: number;
}

/** Says from live numbers which mode fits. */
export class Advisor {
  readonly #numbers: WayNumbers;
  readonly #devices: RegistryCache;
  readonly #queueSize: QueueSize;
  readonly #clock: Clock;

  constructor(numbers: WayNumbers, devices: RegistryCache, queueSize: QueueSize, clock: Clock) {
    this.#numbers = numbers;
    this.#devices = devices;
    this.#queueSize = queueSize;
    this.#clock = clock;
  }

  /** One piece for each event type of a device type that messages came of since the start. */
  async advise(): Promise<AdviceAnswer> {
    const now = this.#clock.now();
    const backlog = await this.#queueSize();
    const { peakPerSecond } = this.#numbers.total(now);
    const advice = this.#numbers.read(now).flatMap((way) => {
      const mode = this.#devices.waysOf(way.deviceType)?.of(way.eventType).mode;
      return mode === undefined ? [] : [adviceFor(way, mode, { backlog, peakPerSecond })];
    });
    return { advice, omitted: this.#numbers.omitted, backlog };
  }
}
