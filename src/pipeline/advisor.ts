import type { Clock } from '../std/clock.ts';
import { type Advice, adviceFor, type Surroundings } from './advice.ts';
import type { QueueSize } from './auto-mode.ts';
import type { RegistryCache } from './registry-cache.ts';
import { rateSeconds, type WayNumbers } from './way-numbers.ts';

export interface AdviceAnswer {
  readonly advice: readonly Advice[];
  /** Messages of event types that are too many to be looked at one by one. */
  readonly omitted: number;
  /** Messages in the ingest queue. */
  readonly backlog: number;
}

export interface AdvisorParts extends Pick<Surroundings, 'decodes'> {
  readonly numbers: WayNumbers;
  readonly devices: RegistryCache;
  readonly queueSize: QueueSize;
  /** Messages of the ingest queue that are being processed. */
  readonly queuedInWork: () => number;
  readonly setAside: () => Surroundings['setAside'];
  readonly clock: Clock;
}

/** Says from live numbers which mode fits. */
export class Advisor {
  readonly #parts: AdvisorParts;

  constructor(parts: AdvisorParts) {
    this.#parts = parts;
  }

  /** One piece for each event type of a device type that messages came of, or were processed of, since the start. */
  async advise(): Promise<AdviceAnswer> {
    const { numbers, devices, decodes } = this.#parts;
    const backlog = await this.#parts.queueSize();
    const now = this.#parts.clock.now();
    const { came, finishedPerSecond, queueTriedAgoMs } = numbers.total(now);
    const isProcessed = this.#parts.queuedInWork() > 0 || queueTriedAgoMs < rateSeconds * 1_000;
    const ways = numbers.read(now);
    const setAside = this.#parts.setAside();
    const surroundings = { backlog, came, finishedPerSecond, isProcessed, setAside, decodes, ways };
    const advice = ways.flatMap((way) => {
      const mode = devices.waysOf(way.deviceType)?.of(way.eventType).mode;
      return mode === undefined ? [] : [adviceFor(way, mode, surroundings)];
    });
    return { advice, omitted: numbers.omitted, backlog };
  }
}
