import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import { publishProblem } from './device-notices.ts';
import { DriverNumbers } from './driver-numbers.ts';
import { type EventPort, publishReadings } from './events.ts';
import type { Verdict } from './outcome.ts';
import type { ResultWaiters } from './result-waiters.ts';
import type { WayNumbers } from './way-numbers.ts';
import type { Work } from './work.ts';

/** What follows from a verdict beside the answer: it is counted, whoever waits for it is told, and it is published. */
export class Results {
  readonly #events: EventPort | undefined;
  readonly #waiters: ResultWaiters;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #ways: WayNumbers;
  /** By device type and driver version. */
  readonly drivers = new DriverNumbers();
  eventsFailed = 0;
  /** Messages that were stored with a warning of their driver or schema. */
  warned = 0;

  constructor(events: EventPort | undefined, waiters: ResultWaiters, ways: WayNumbers, clock: Clock, log: Log) {
    this.#events = events;
    this.#waiters = waiters;
    this.#ways = ways;
    this.#clock = clock;
    this.#log = log;
  }

  add(work: Work, verdict: Verdict): void {
    if (verdict.kind === 'stored' && work.warnings.length > 0) this.warned++;
    this.drivers.count(work, verdict);
    this.#ways.tried(work, verdict, this.#clock.turn());
    if (this.#waiters.size > 0) this.#waiters.tell(work, verdict);
    if (this.#events === undefined) return;
    try {
      if (verdict.kind !== 'stored') publishProblem(this.#events, work, verdict);
      else if (verdict.outcome !== 'duplicate') publishReadings(this.#events, work, verdict.outcome);
    } catch (problem) {
      this.eventsFailed++;
      this.#log.warn('Cannot publish what became of a message', { messageId: work.messageId, problem });
    }
  }
}
