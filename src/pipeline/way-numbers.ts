import { Histogram, type HistogramReading } from '../std/histogram.ts';
import type { DriverRef } from './driver.ts';
import type { Verdict } from './outcome.ts';
import { RecentRate } from './recent-rate.ts';
import type { Work } from './work.ts';

/** Pairs of device type and event type that are counted by themselves; messages of others are only counted as such. */
export const waysCountedMax = 200;
/** What the rates are of. */
export const rateSeconds = 60;

/** What came of one event type of a device type since the start, and how fast it comes now. */
export interface WayReading {
  readonly deviceType: string;
  readonly eventType: string;
  readonly perSecond: number;
  readonly peakPerSecond: number;
  readonly inline: HistogramReading;
  readonly queued: HistogramReading;
  readonly rejected: number;
  readonly failed: number;
  /** Absent where its driver never took too long. */
  readonly timedOut?: TimedOut | undefined;
}

/** Messages that ran out of time in their driver since the start. */
export interface TimedOut {
  /** That of the last one: `id@version`. */
  readonly driver: string;
  readonly count: number;
  /** Milliseconds since the last one. */
  readonly agoMs: number;
}

/** Counts by device type and event type what devices send, and no replays: rates, outcomes, and milliseconds from arrival to verdict. */
export class WayNumbers {
  readonly #byType = new Map<string, Map<string, Tally>>();
  readonly #all = new RecentRate(rateSeconds + 1);
  /** Messages of pairs beyond `waysCountedMax`. */
  omitted = 0;
  #size = 0;

  count(work: Work, verdict: Verdict, now: number): void {
    const { known } = work;
    // Of whom nothing is known nothing is to be said, and anybody may make such names.
    if (known === undefined || work.isReplayed) return;
    this.#all.count(now);
    const tally = this.#tally(known.type.name, work.address.eventType);
    if (tally === undefined) this.omitted++;
    else tally.count(work, verdict, now);
  }

  read(now: number): readonly WayReading[] {
    return [...this.#byType].flatMap(([deviceType, tallies]) =>
      [...tallies].map(([eventType, tally]) => ({ deviceType, eventType, ...tally.read(now) })),
    );
  }

  /** Of all together. */
  total(now: number): ReturnType<RecentRate['read']> {
    return this.#all.read(now);
  }

  #tally(deviceType: string, eventType: string): Tally | undefined {
    return this.#byType.get(deviceType)?.get(eventType) ?? this.#newTally(deviceType, eventType);
  }

  #newTally(deviceType: string, eventType: string): Tally | undefined {
    if (this.#size >= waysCountedMax) return undefined;
    this.#size++;
    const tallies = this.#byType.get(deviceType) ?? new Map<string, Tally>();
    const tally = new Tally();
    this.#byType.set(deviceType, tallies.set(eventType, tally));
    return tally;
  }
}

class Tally {
  readonly #rate = new RecentRate(rateSeconds + 1);
  readonly #inline = new Histogram();
  readonly #queued = new Histogram();
  #rejected = 0;
  #failed = 0;
  #timeouts = 0;
  #timedOutAt = 0;
  #timedOutBy: DriverRef | undefined;

  count(work: Work, verdict: Verdict, now: number): void {
    this.#rate.count(now);
    (work.lane === 'inline' ? this.#inline : this.#queued).record(now - work.enteredAt);
    if (verdict.kind === 'stored') return;
    if (verdict.kind === 'rejected') this.#rejected++;
    else this.#failed++;
    if (verdict.error.code !== 'driver_timeout') return;
    this.#timeouts++;
    this.#timedOutAt = now;
    this.#timedOutBy = work.driver;
  }

  read(now: number): Omit<WayReading, 'deviceType' | 'eventType'> {
    return {
      ...this.#rate.read(now),
      inline: this.#inline.read(),
      queued: this.#queued.read(),
      rejected: this.#rejected,
      failed: this.#failed,
      timedOut: this.#timedOut(now),
    };
  }

  #timedOut(now: number): TimedOut | undefined {
    const by = this.#timedOutBy;
    if (by === undefined) return undefined;
    return { driver: `${by.id}@${by.version}`, count: this.#timeouts, agoMs: now - this.#timedOutAt };
  }
}
