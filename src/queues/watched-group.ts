import { RateWindow } from '../std/rate-window.ts';
import { consumersNeeded, DesiredConsumers } from './desired-consumers.ts';
import type { GroupInfo } from './engine.ts';
import type { QueueOptions } from './options.ts';

/** What was seen of one group of a log: groups of one log take their own time for a message. */
export class WatchedGroup {
  readonly #rates: RateWindow;
  readonly #desired = new DesiredConsumers();

  constructor(windowSamples: number) {
    this.#rates = new RateWindow(2, windowSamples);
  }

  get desiredConsumers(): number {
    return this.#desired.current;
  }

  /** `arrivalRate`: messages a second that come into the log, each of which the group has before it. */
  look(group: GroupInfo, arrivalRate: number, options: QueueOptions, now: number): void {
    this.#rates.sample(now, [group.acknowledged, group.heldMs]);
    if (options.paused) return;
    const acknowledgeRate = this.#rates.perSecond(0);
    const demand = {
      backlog: group.lagMessages,
      consumers: group.consumers,
      arrivalRate,
      acknowledgeRate,
      processingMs: acknowledgeRate === 0 ? 0 : this.#rates.perSecond(1) / acknowledgeRate,
    };
    const max = options.ordering === 'total' ? 1 : options.desiredConsumers.max;
    this.#desired.update(consumersNeeded(demand, { ...options.desiredConsumers, max }), now);
  }
}
