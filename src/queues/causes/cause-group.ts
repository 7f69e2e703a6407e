import { RecentCounts } from '../../std/recent-counts.ts';
import type { Cause } from './cause.ts';
import { type ClosedGroup, type DeadLetterGroup, type Departure, departureNames } from './dead-letter-groups.ts';

/** Names of one kind that a group keeps. */
export const namesMax = 20;
const minutesShown = 60;
const hoursShown = 24;
const minuteMs = 60_000;
const hourMs = 3_600_000;
/** Full minutes that growth is reckoned over. */
const growthMinutes = 5;

/** The dead letters of one cause, counted. Closed while it counts none. */
export class CauseGroup {
  readonly fingerprint: string;
  code = '';
  stage: string | undefined;
  driver: string | undefined;
  reason = '';
  deviceTypes: string[] = [];
  driverVersions: string[] = [];
  eventTypes: string[] = [];
  count = 0;
  bytes = 0;
  died = 0;
  firstAt = 0;
  lastAt = 0;
  /** Sequence of the first message that it counts: those of its cause before it came when there was no room for a group. */
  since = 0;
  /** 0 where that message has left. */
  sampleSequence = 0;
  /** When it was empty last; 0 for never. */
  closedAt = 0;
  readonly left: Record<Departure, number> = { replayed: 0, moved: 0, consumed: 0, discarded: 0, expired: 0 };
  readonly perMinute = new RecentCounts(minutesShown, minuteMs);
  readonly perHour = new RecentCounts(hoursShown, hourMs);

  constructor(fingerprint: string) {
    this.fingerprint = fingerprint;
  }

  /** Begins to count again, from this message on. */
  open(sequence: number): void {
    this.died = 0;
    this.firstAt = 0;
    this.since = sequence;
    for (const name of departureNames) this.left[name] = 0;
  }

  add(sequence: number, bytes: number, cause: Cause): void {
    this.count++;
    this.bytes += bytes;
    this.died++;
    this.since = Math.min(this.since, sequence);
    this.firstAt = this.firstAt === 0 ? cause.firstFailureAt : Math.min(this.firstAt, cause.firstFailureAt);
    this.lastAt = Math.max(this.lastAt, cause.lastFailureAt);
    this.perMinute.add(cause.lastFailureAt);
    this.perHour.add(cause.lastFailureAt);
    if (sequence > this.sampleSequence) this.#describe(sequence, cause);
    keepName(this.deviceTypes, cause.deviceType);
    keepName(this.driverVersions, cause.driverVersion);
    keepName(this.eventTypes, cause.eventType);
  }

  remove(sequence: number, bytes: number, why: Departure, now: number): void {
    this.count--;
    this.bytes -= bytes;
    this.left[why]++;
    if (sequence === this.sampleSequence) this.sampleSequence = 0;
    if (this.count === 0) this.closedAt = now;
  }

  /** Before what is there is counted anew: what has left, and when, stays known. */
  forgetPresent(): void {
    this.died -= this.count;
    this.count = 0;
    this.bytes = 0;
    this.since = Number.MAX_SAFE_INTEGER;
    this.sampleSequence = 0;
    this.perMinute.clear();
    this.perHour.clear();
  }

  get lacksSample(): boolean {
    return this.count > 0 && this.sampleSequence === 0;
  }

  growthPerMinute(now: number): number {
    const recent = this.perMinute.read(now).slice(-growthMinutes - 1, -1);
    return recent.reduce((sum, count) => sum + count, 0) / growthMinutes;
  }

  read(now: number): DeadLetterGroup {
    return {
      ...this.#cause(),
      count: this.count,
      bytes: this.bytes,
      perMinute: this.perMinute.read(now),
      perHour: this.perHour.read(now),
      growthPerMinute: this.growthPerMinute(now),
      deviceTypes: [...this.deviceTypes],
      driverVersions: [...this.driverVersions],
      eventTypes: [...this.eventTypes],
      sampleSequence: this.sampleSequence === 0 ? undefined : this.sampleSequence,
      closedBeforeAt: this.closedAt === 0 ? undefined : this.closedAt,
    };
  }

  readClosed(): ClosedGroup {
    return { ...this.#cause(), closedAt: this.closedAt };
  }

  #describe(sequence: number, { code, stage, driver, reason }: Cause): void {
    this.code = code;
    this.stage = stage;
    this.driver = driver;
    this.reason = reason;
    this.sampleSequence = sequence;
  }

  #cause() {
    const { fingerprint, code, stage, driver, reason, firstAt, lastAt, died, left } = this;
    return { fingerprint, code, stage, driver, reason, firstAt, lastAt, died, left: { ...left } };
  }
}

function keepName(names: string[], name: string | undefined): void {
  if (name !== undefined && names.length < namesMax && !names.includes(name)) names.push(name);
}
