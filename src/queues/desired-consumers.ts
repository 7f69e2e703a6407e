import type { QueueOptions } from './options.ts';

/** What a queue looked like over the last moments. Rates are messages a second. */
export interface Demand {
  /** Messages that wait for a consumer or are with one. */
  readonly backlog: number;
  readonly consumers: number;
  readonly arrivalRate: number;
  readonly acknowledgeRate: number;
  /** How long a message was with its consumer until it was acknowledged. 0 where none was. */
  readonly processingMs: number;
}

/**
 * How many consumers a queue needs now.
 *
 * One consumer does a message at a time, as far as anyone knows. What it takes for one is at most the time that a message
 * was with it, and where it held several at most its share of what all got done: a client that is given 32 at once holds the
 * last one 32 times as long as it works on it.
 */
export function consumersNeeded(demand: Demand, options: QueueOptions['desiredConsumers']): number {
  const { backlog, arrivalRate } = demand;
  const { messagesPerConsumer, drainMs, max } = options;
  if (messagesPerConsumer > 0) return Math.min(max, Math.ceil(backlog / messagesPerConsumer));
  const secondsPerMessage = workSeconds(demand);
  // Nothing was done yet, so nobody knows how long it takes: one more than there are, where messages wait.
  if (secondsPerMessage === undefined) return Math.min(max, backlog > 0 ? Math.max(1, demand.consumers) : 0);
  const wantedRate = arrivalRate + (backlog * 1_000) / drainMs;
  const busy = (wantedRate * secondsPerMessage) / utilizationMax;
  return Math.min(max, Math.max(backlog > 0 ? 1 : 0, Math.ceil(busy - rounding)));
}

function workSeconds({ consumers, acknowledgeRate, processingMs }: Demand): number | undefined {
  if (acknowledgeRate <= 0) return undefined;
  return Math.min(processingMs / 1_000, Math.max(1, consumers) / acknowledgeRate);
}

/** Consumers that are busy all the time cannot catch up with anything. */
const utilizationMax = 0.8;
/** What rates are off by does not make another consumer. */
const rounding = 1e-6;

/**
 * The figure that somebody who starts and stops consumers should follow. It rises at once and falls only when less has been
 * enough for a while; a change of a tenth is none.
 */
export class DesiredConsumers {
  readonly #needed: { readonly at: number; readonly consumers: number }[] = [];
  #current = 0;

  get current(): number {
    return this.#current;
  }

  update(needed: number, now: number): number {
    const recent = this.#needed;
    recent.push({ at: now, consumers: needed });
    while (recent[0].at <= now - holdMs || recent[0].at > now) recent.shift();
    const most = Math.max(...recent.map(({ consumers }) => consumers));
    // To nothing, and from nothing, is always a change.
    const isClose = Math.abs(most - this.#current) <= this.#current * tolerance;
    if (!isClose || most === 0) this.#current = most;
    return this.#current;
  }
}

/** How long less has to be enough. */
const holdMs = 60_000;
const tolerance = 0.1;
