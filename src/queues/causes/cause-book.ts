import type { Cause } from './cause.ts';
import { CauseGroup } from './cause-group.ts';
import type { DeadLetterGroups, Departure, GroupLevel } from './dead-letter-groups.ts';

/** Causes of one queue that are counted one by one; those that come when there are so many are counted together. */
export const groupsMax = 500;
/** Groups that have closed and are remembered, and for how long. */
export const closedGroupsMax = 100;
export const closedGroupMs = 7 * 86_400_000;
/** The fingerprint of those that are counted together. */
export const otherFingerprint = 'other';

const ofOther = { code: 'other', stage: undefined, driver: undefined };

/** Told of a group that counts otherwise than before, and of one that is forgotten. */
export interface BookListener {
  changed(group: CauseGroup): void;
  forgotten(group: CauseGroup): void;
}

/**
 * The dead letters of one queue by their cause. A message is in the group of its fingerprint if that was open when it came,
 * else in `other`: its sequence says which, so that it leaves the group that it was counted in.
 */
export class CauseBook {
  other = new CauseGroup(otherFingerprint);
  readonly #open = new Map<string, CauseGroup>();
  /** The one that closed first is first. */
  readonly #closed = new Map<string, CauseGroup>();
  readonly #listener: BookListener | undefined;
  #count = 0;

  constructor(listener?: BookListener) {
    this.#listener = listener;
  }

  /** All that it counts. */
  get count(): number {
    return this.#count;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0 && this.other.count === 0;
  }

  /** Groups that count something. */
  get size(): number {
    return this.#open.size + (this.other.count > 0 ? 1 : 0);
  }

  *all(): Iterable<CauseGroup> {
    yield* this.#open.values();
    yield* this.#closed.values();
    yield this.other;
  }

  add(sequence: number, bytes: number, cause: Cause): void {
    const group = this.#open.get(cause.fingerprint) ?? this.#openGroup(sequence, cause.fingerprint);
    group.add(sequence, bytes, cause);
    this.#count++;
    this.#listener?.changed(group);
  }

  /** False where no group counts such a message: then the book does not agree with its queue. */
  remove(sequence: number, bytes: number, fingerprint: string, why: Departure, now: number): boolean {
    const group = this.#groupOf(sequence, fingerprint);
    if (group.count === 0) return false;
    group.remove(sequence, bytes, why, now);
    this.#count--;
    this.#listener?.changed(group);
    if (group.count === 0 && group !== this.other) this.#close(group, now);
    return true;
  }

  /** Takes up groups as they were stored. */
  load(groups: readonly CauseGroup[]): void {
    for (const group of groups.toSorted((a, b) => a.closedAt - b.closedAt)) {
      (group.count > 0 ? this.#open : this.#closed).set(group.fingerprint, group);
      this.#count += group.count;
    }
  }

  loadOther(other: CauseGroup): void {
    this.other = other;
    this.#count += other.count;
  }

  /** Before everything is counted anew. */
  forgetPresent(): void {
    for (const group of [...this.#open.values(), this.other]) group.forgetPresent();
    this.#count = 0;
  }

  /** After it: a group that nothing was found of has closed, whenever that was. */
  counted(now: number): void {
    for (const group of [...this.#open.values()]) {
      if (group.count > 0) continue;
      group.closedAt = now;
      this.#close(group, now);
    }
  }

  /** `messages`: all that the queue has. */
  read(messages: number, now: number): DeadLetterGroups {
    this.#forgetOld(now);
    return {
      groups: this.#largestFirst().map((group) => group.read(now)),
      other: this.other.count === 0 ? undefined : { ...this.other.read(now), ...ofOther },
      closed: [...this.#closed.values()].reverse().map((group) => group.readClosed()),
      total: messages,
      withoutDeath: messages - this.count,
    };
  }

  /** The largest groups, and behind them the others where those count something. */
  levels(max: number, now: number): GroupLevel[] {
    const shown = this.#largestFirst().slice(0, max);
    if (this.other.count > 0) shown.push(this.other);
    return shown.map((group) => ({
      fingerprint: group.fingerprint,
      code: group === this.other ? ofOther.code : group.code,
      messages: group.count,
      growthPerMinute: group.growthPerMinute(now),
    }));
  }

  /** Whether a group counts messages and knows of none to look at, since the one that it knew has left. */
  get lacksSample(): boolean {
    if (this.other.lacksSample) return true;
    for (const group of this.#open.values()) if (group.lacksSample) return true;
    return false;
  }

  /** This message is there: to look at, where its group has no other. */
  seen(sequence: number, fingerprint: string): void {
    const group = this.#groupOf(sequence, fingerprint);
    if (!group.lacksSample) return;
    group.sampleSequence = sequence;
    this.#listener?.changed(group);
  }

  isInOther(sequence: number, fingerprint: string): boolean {
    return this.#groupOf(sequence, fingerprint) === this.other;
  }

  #groupOf(sequence: number, fingerprint: string): CauseGroup {
    const open = this.#open.get(fingerprint);
    return open !== undefined && sequence >= open.since ? open : this.other;
  }

  #openGroup(sequence: number, fingerprint: string): CauseGroup {
    if (this.#open.size >= groupsMax) return this.other;
    const group = this.#closed.get(fingerprint) ?? new CauseGroup(fingerprint);
    this.#closed.delete(fingerprint);
    this.#open.set(fingerprint, group);
    group.open(sequence);
    return group;
  }

  #close(group: CauseGroup, now: number): void {
    this.#open.delete(group.fingerprint);
    this.#closed.set(group.fingerprint, group);
    this.#forgetOld(now);
  }

  #forgetOld(now: number): void {
    for (const group of this.#closed.values()) {
      if (this.#closed.size <= closedGroupsMax && now - group.closedAt < closedGroupMs) return;
      this.#closed.delete(group.fingerprint);
      this.#listener?.forgotten(group);
    }
  }

  #largestFirst(): CauseGroup[] {
    return [...this.#open.values()].sort((a, b) => b.count - a.count || a.firstAt - b.firstAt);
  }
}
