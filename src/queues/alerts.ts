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
}

/** The alerts of one queue. */
export class Alerts {
  readonly #alerts = new Map(alertNames.map((name) => [name, new Threshold()]));

  /** Those that are raised. */
  get raised(): AlertName[] {
    return alertNames.filter((name) => this.#alerts.get(name)?.raised);
  }

  update(watched: Watched, options: QueueOptions['alerts'], now: number): AlertChange[] {
    return [...this.#alerts].flatMap(([alert, state]) => {
      const row: AlertRow = alertRows[alert];
      const [met, threshold] = [row.met(watched), row.threshold(options)];
      return state.update(met, threshold, now) ? { alert, raised: state.raised, met, threshold } : [];
    });
  }
}

/**
 * Whether a value is beyond a threshold: raised when it has been there for `alertHoldMs`, and cleared when it has been below
 * nine tenths of it for as long, so that a value that goes up and down about the threshold says so once.
 */
export class Threshold {
  #raised = false;
  /** Since when the value says the other than what is said. */
  #since: number | undefined;

  get raised(): boolean {
    return this.#raised;
  }

  /** Answers whether that changed. A threshold of 0 is none. */
  update(met: number, threshold: number, now: number): boolean {
    if (threshold <= 0) return this.#turn(false);
    const isOther = this.#raised ? met < threshold * clearShare : met >= threshold;
    if (!isOther) {
      this.#since = undefined;
      return false;
    }
    // The clock may be set back.
    this.#since = Math.min(this.#since ?? now, now);
    return now - this.#since >= alertHoldMs && this.#turn(!this.#raised);
  }

  #turn(raised: boolean): boolean {
    this.#since = undefined;
    const changed = this.#raised !== raised;
    this.#raised = raised;
    return changed;
  }
}

export const alertHoldMs = 10_000;
const clearShare = 0.9;
