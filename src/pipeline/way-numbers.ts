import type { HistogramReading } from '../std/histogram.ts';
import type { DriverRef } from './driver.ts';
import type { Verdict } from './outcome.ts';
import { RecentHistogram } from './recent-histogram.ts';
import { type Rate, RecentRate } from './recent-rate.ts';
import type { Work } from './work.ts';

/** Pairs of device type and event type that are counted by themselves; messages of others are only counted as such. */
export const waysCountedMax = 200;
/** What the rates are of, and the times at most. */
export const rateSeconds = 60;

/** How fast one event type of a device type comes now, and what became of it of late. */
export interface WayReading extends Rate {
  readonly deviceType: string;
  readonly eventType: string;
  /** Milliseconds from arrival to verdict, of the last half minute to minute. */
  readonly inline: HistogramReading;
  readonly queued: HistogramReading;
  /** Milliseconds since one of it was tried and stayed in the queue; absent where none was. */
  readonly heldAgoMs?: number | undefined;
  /** Absent where its driver never took too long. */
  readonly timedOut?: TimedOut | undefined;
}

/** Messages that ran out of time in their driver. */
export interface TimedOut {
  /** That of the last one. */
  readonly driver: DriverRef;
  /** Of this driver, without a minute between two and without another driver between them. */
  readonly count: number;
  /** Milliseconds since the last one. */
  readonly agoMs: number;
}

/** Of all together. */
export interface WaysTotal {
  readonly came: Rate;
  /** Those that nothing more is done about: not those that stay in the queue. With replays, and with what nobody knows. */
  readonly finishedPerSecond: number;
  /** Milliseconds since a message of the queue was tried, with whatever result. */
  readonly queueTriedAgoMs: number;
}

/**
 * Counts by device type and event type what devices send: what comes where it comes in, and what became of it where that is known. A
 * message that is tried again has not come again, and one that is replayed says nothing of devices.
 */
export class WayNumbers {
  readonly #byType = new Map<string, Map<string, Tally>>();
  readonly #came = new RecentRate(rateSeconds + 1);
  readonly #finished = new RecentRate(rateSeconds + 1);
  #queueTriedAt = Number.NEGATIVE_INFINITY;
  /** Messages of pairs beyond `waysCountedMax`. */
  omitted = 0;
  #size = 0;

  came(deviceType: string, eventType: string, now: number): void {
    this.#came.count(now);
    const tally = this.#tally(deviceType, eventType);
    if (tally === undefined) this.omitted++;
    else tally.came.count(now);
  }

  tried(work: Work, verdict: Verdict, now: number): void {
    const isFinished = work.lane === 'inline' || verdict.kind !== 'failed';
    if (isFinished) this.#finished.count(now);
    if (work.lane === 'queued') this.#queueTriedAt = now;
    const { known } = work;
    // Of whom nothing is known nothing is to be said, and anybody may make such names.
    if (known === undefined || work.isReplayed) return;
    this.#tally(known.type.name, work.address.eventType)?.tried(work, verdict, isFinished, now);
  }

  read(now: number): readonly WayReading[] {
    return [...this.#byType].flatMap(([deviceType, tallies]) =>
      [...tallies].map(([eventType, tally]) => ({ deviceType, eventType, ...tally.read(now) })),
    );
  }

  total(now: number): WaysTotal {
    return {
      came: this.#came.read(now),
      finishedPerSecond: this.#finished.read(now).perSecond,
      queueTriedAgoMs: now - this.#queueTriedAt,
    };
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
  readonly came = new RecentRate(rateSeconds + 1);
  readonly #inline = new RecentHistogram(rateSeconds * 1_000);
  readonly #queued = new RecentHistogram(rateSeconds * 1_000);
  #heldAt: number | undefined;
  #timeouts = 0;
  #timedOutAt = 0;
  #timedOutBy: DriverRef | undefined;

  tried(work: Work, verdict: Verdict, isFinished: boolean, now: number): void {
    if (isFinished) (work.lane === 'inline' ? this.#inline : this.#queued).record(now - work.enteredAt, now);
    else this.#heldAt = now;
    if (verdict.kind === 'stored' || verdict.error.code !== 'driver_timeout') return;
    if (work.driver !== undefined) this.#ranOutOfTime(work.driver, now);
  }

  read(now: number): Omit<WayReading, 'deviceType' | 'eventType'> {
    return {
      ...this.came.read(now),
      inline: this.#inline.read(now),
      queued: this.#queued.read(now),
      heldAgoMs: this.#heldAt === undefined ? undefined : now - this.#heldAt,
      timedOut: this.#timedOut(now),
    };
  }

  #ranOutOfTime(driver: DriverRef, now: number): void {
    const goesOn = isSame(driver, this.#timedOutBy) && now - this.#timedOutAt < rateSeconds * 1_000;
    this.#timeouts = goesOn ? this.#timeouts + 1 : 1;
    this.#timedOutAt = now;
    this.#timedOutBy = driver;
  }

  #timedOut(now: number): TimedOut | undefined {
    const driver = this.#timedOutBy;
    return driver === undefined ? undefined : { driver, count: this.#timeouts, agoMs: now - this.#timedOutAt };
  }
}

function isSame({ id, version }: DriverRef, other: DriverRef | undefined): boolean {
  return other !== undefined && id === other.id && version === other.version;
}
