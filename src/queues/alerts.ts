import type { QueueOptions } from './options.ts';

/** Of a queue, what an alert can be about. */
export interface Watched {
  /** Messages that wait for a consumer, and the age of the oldest. */
  readonly waiting: number;
  readonly oldestAgeMs: number;
  /** By how much more wait after a minute. */
  readonly growthPerMinute: number;
  readonly deadLetters: number;
  /** How many die in a minute. */
  readonly deadLettersPerMinute: number;
  /** How long consumers have held messages without settling any. */
  readonly stalledMs: number;
}

interface AlertRow {
  readonly threshold: (alerts: QueueOptions['alerts']) => number;
  readonly met: (watched: Watched) => number;
}

/** One row an alert, under the name that events, the API and the metric have for it. */
export const alertRows = {
  depth: { threshold: ({ depth }) => depth, met: ({ waiting }) => waiting },
  'oldest-age': { threshold: ({ oldestAgeMs }) => oldestAgeMs, met: (watched) => watched.oldestAgeMs },
  growth: { threshold: (alerts) => alerts.growthPerMinute, met: (watched) => watched.growthPerMinute },
  'dead-letters': { threshold: (alerts) => alerts.deadLetters, met: ({ deadLetters }) => deadLetters },
  'dead-letters-growth': {
    threshold: (alerts) => alerts.deadLettersPerMinute,
    met: ({ deadLettersPerMinute }) => deadLettersPerMinute,
  },
  stalled: { threshold: (alerts) => alerts.stalledMs, met: ({ stalledMs }) => stalledMs },
} as const satisfies Record<string, AlertRow>;

export type AlertName = keyof typeof alertRows;
export const alertNames = Object.keys(alertRows) as AlertName[];

/** That an alert begins or ends. */
export interface AlertChange {
  readonly alert: AlertName;
  readonly raised: boolean;
  readonly met: number;
  readonly threshold: number;
  /** Nobody here knows that it was raised. */
  readonly presumed: boolean;
}

/** The alerts of one queue. Behind a start of the server any of them may have been raised before it. */
export class Alerts {
  readonly #alerts: ReadonlyMap<AlertName, Threshold>;

  constructor(mayBeRaised: boolean) {
    this.#alerts = new Map(alertNames.map((name) => [name, new Threshold(mayBeRaised)]));
  }

  /** Those that are raised. */
  get raised(): AlertName[] {
    return alertNames.filter((name) => this.#alerts.get(name)?.raised);
  }

  update(watched: Watched, options: QueueOptions['alerts'], now: number): AlertChange[] {
    return [...this.#alerts].flatMap(([alert, state]) => {
      const row: AlertRow = alertRows[alert];
      const [met, threshold] = [row.met(watched), row.threshold(options)];
      const presumed = state.mayBeRaised;
      if (!state.update(met, threshold, now)) return [];
      return { alert, raised: state.raised, met, threshold, presumed: presumed && !state.raised };
    });
  }
}

/**
 * Whether a value is beyond a threshold: raised when it has been there for `alertHoldMs`, and cleared when it has been below
 * nine tenths of it for as long, so that a value that goes up and down about the threshold says so once.
 */
export class Threshold {
  #raised = false;
  #mayBeRaised: boolean;
  /** Since when the value says the other than what is said. */
  #since: number | undefined;
  /** Where nothing was said yet: what the value has said since then. */
  #isBeyond = false;

  /** Where whoever listens may have heard that it is raised, it is cleared or raised anew: what holds is told. */
  constructor(mayBeRaised = false) {
    this.#mayBeRaised = mayBeRaised;
  }

  /** Until it was cleared or raised. */
  get mayBeRaised(): boolean {
    return this.#mayBeRaised;
  }

  get raised(): boolean {
    return this.#raised;
  }

  /** Answers whether that changed. A threshold of 0 is none. */
  update(met: number, threshold: number, now: number): boolean {
    if (threshold <= 0) return this.#turn(false);
    const isOther = this.#isOther(met, threshold);
    if (!isOther) {
      this.#since = undefined;
      return false;
    }
    // The clock may be set back.
    this.#since = Math.min(this.#since ?? now, now);
    if (now - this.#since < alertHoldMs) return false;
    if (!this.#mayBeRaised) return this.#turn(!this.#raised);
    this.#turn(this.#isBeyond);
    return true;
  }

  #isOther(met: number, threshold: number): boolean {
    const [isBeyond, isBelow] = [met >= threshold, met < threshold * clearShare];
    if (!this.#mayBeRaised) return this.#raised ? isBelow : isBeyond;
    if (isBeyond !== this.#isBeyond) this.#since = undefined;
    this.#isBeyond = isBeyond;
    return isBeyond || isBelow;
  }

  #turn(raised: boolean): boolean {
    this.#since = undefined;
    this.#mayBeRaised = false;
    const changed = this.#raised !== raised;
    this.#raised = raised;
    return changed;
  }
}

export const alertHoldMs = 10_000;
const clearShare = 0.9;
