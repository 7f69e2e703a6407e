import type { Log } from '../std/log.ts';
import { type EventPort, publishReadings } from './events.ts';
import { type Outcome, outcomeOf, type Verdict } from './outcome.ts';
import type { Work } from './work.ts';

/** What follows from a verdict beside the answer: it is counted, and what was stored is published. */
export class Results {
  readonly #events: EventPort | undefined;
  readonly #log: Log;
  readonly #outcomes = new Map<Outcome, number>();
  eventsFailed = 0;

  constructor(events: EventPort | undefined, log: Log) {
    this.#events = events;
    this.#log = log;
  }

  get outcomes(): Partial<Record<Outcome, number>> {
    return Object.fromEntries(this.#outcomes);
  }

  add(work: Work, verdict: Verdict): void {
    const outcome = outcomeOf(verdict);
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    if (this.#events === undefined || (outcome !== 'applied' && outcome !== 'stale')) return;
    try {
      publishReadings(this.#events, work, outcome);
    } catch (problem) {
      this.eventsFailed++;
      this.#log.warn('Cannot publish the readings of a message', { messageId: work.messageId, problem });
    }
  }
}
