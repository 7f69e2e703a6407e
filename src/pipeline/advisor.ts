import type { Clock } from '../std/clock.ts';
import { type Advice, adviceFor } from './advice.ts';
import type { QueueSize } from './auto-mode.ts';
import type { SetAside } from './driver-shelf.ts';
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
  readonly #setAside: () => readonly SetAside[];

  constructor(
    numbers: WayNumbers,
    devices: RegistryCache,
    queueSize: QueueSize,
    clock: Clock,
    setAside: () => readonly SetAside[],
  ) {
    this.#numbers = numbers;
    this.#devices = devices;
    this.#queueSize = queueSize;
    this.#clock = clock;
    this.#setAside = setAside;
  }

  /** One piece for each event type of a device type that messages came of since the start. */
  async advise(): Promise<AdviceAnswer> {
    const now = this.#clock.now();
    const backlog = await this.#queueSize();
    const { peakPerSecond } = this.#numbers.total(now);
    const ways = this.#numbers.read(now);
    const surroundings = { backlog, peakPerSecond, setAside: this.#setAside(), ways };
    const advice = ways.flatMap((way) => {
      const mode = this.#devices.waysOf(way.deviceType)?.of(way.eventType).mode;
      return mode === undefined ? [] : [adviceFor(way, mode, surroundings)];
    });
    return { advice, omitted: this.#numbers.omitted, backlog };
  }
}
