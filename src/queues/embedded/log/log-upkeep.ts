import { sequenceOfMessageKey } from '../keys.ts';
import type { Wake } from '../wake.ts';
import { Compaction } from './compaction.ts';
import type { LogGroup } from './log-group.ts';
import type { LogGroups } from './log-groups.ts';
import type { KeptLog } from './log-removal.ts';
import { isTooLarge, readStep, retain } from './retention.ts';

/** What is compacted is at least that old, so that many messages go in one commit. */
export const compactionDelayMs = 1_000;
/** How often the time of use of a group that somebody listens to is stored. */
const touchMs = 60 * 60 * 1_000;

/** A log with what there is to keep in order. */
export interface KeptLogWithGroups extends KeptLog {
  readonly closed: boolean;
  readonly groups: LogGroups;
  readonly settledTo: number;
  readonly nextSequence: number;
  ageFrom(sequence: number): number;
  findFirst(): void;
}

/** The background duty of a log: retention, compaction, and groups that nobody uses any more. One step a commit. */
export class LogUpkeep implements Wake {
  readonly #log: KeptLogWithGroups;
  readonly #compaction: Compaction;
  #running: Promise<void> | undefined;
  #again = false;
  #purgeTo = 0;
  #purged = 0;
  deadline = 0;
  heapIndex = -1;

  constructor(log: KeptLogWithGroups) {
    this.#log = log;
    this.#compaction = new Compaction(log);
  }

  /** Resolves when nothing is being done. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  open(): void {
    this.#compaction.open();
    this.soon();
  }

  stop(): void {
    this.#log.context.wakes.remove(this);
  }

  /** The options are others now. */
  soon(): void {
    if (this.#log.closed) return;
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Messages have been flushed. */
  grown(): void {
    if (isTooLarge(this.#log)) this.soon();
    else if (this.heapIndex < 0 || this.#waitsTooLong()) this.plan();
  }

  wake(): void {
    this.soon();
  }

  /** Sets the next time. */
  plan(): void {
    const { closed, context } = this.#log;
    if (closed) return;
    const at = this.#nextAt();
    if (at === Number.POSITIVE_INFINITY) context.wakes.remove(this);
    else if (this.heapIndex < 0 || at < this.deadline) context.wakes.set(this, at);
  }

  /** Removes every message that is there now; answers how many. */
  async purge(): Promise<number> {
    const before = this.#purged;
    this.#purgeTo = this.#log.nextSequence;
    // The index goes before what it names.
    this.#compaction.invalidate();
    this.soon();
    await this.idle();
    return this.#purged - before;
  }

  async #run(): Promise<void> {
    const log = this.#log;
    try {
      // Begins in a turn of its own: who asked has not finished what it does.
      await log.context.commit.flushed();
      while (this.#again && !log.closed) {
        this.#again = false;
        if (!this.#compaction.isCurrent) await this.#compaction.reset();
        // Whatever is removed under other options, or by a purge, is in the index until that was made anew.
        while (!log.closed && this.#compaction.isCurrent && this.#step()) await log.context.commit.flushed();
        await this.#expireGroups();
      }
    } catch (problem) {
      log.context.log.error('Could not keep a log in order', { log: log.name, problem });
    }
    if (log.context.commit.failure === undefined) this.plan();
  }

  #step(): boolean {
    const log = this.#log;
    if (this.#purgeTo > log.first && this.#purgeSome()) return true;
    if (log.options.retention.compact === null) return retain(log);
    log.findFirst();
    return this.#compaction.step(log.settledTo);
  }

  #purgeSome(): boolean {
    const rows = readStep(this.#log, this.#log.first).filter(({ key }) => sequenceOfMessageKey(key) < this.#purgeTo);
    if (rows.length === 0) return false;
    this.#log.removePrefix(rows, 'purged');
    this.#purged += rows.length;
    return true;
  }

  async #expireGroups(): Promise<void> {
    const { context, groups } = this.#log;
    const now = context.clock.now();
    for (const group of [...groups.all]) {
      if (this.#log.closed) return;
      // While another one went it may have been removed, and one of its name made anew.
      if (groups.find(group.group) !== group) continue;
      if (groups.attended.has(group)) {
        if (group.usedAt + touchMs <= now) group.use();
      } else if (this.#expiresAt(group) <= now) {
        context.log.info('A group that nobody used has expired', { log: this.#log.name, group: group.group });
        await groups.remove(group);
      }
    }
  }

  /** For what has just come: it may be the first of a log that waited for nothing but its groups. */
  #waitsTooLong(): boolean {
    const { options, context } = this.#log;
    const { ageMs, compact } = options.retention;
    const waitMs = this.deadline - context.clock.now();
    return (compact !== null && waitMs > compactionDelayMs) || (ageMs > 0 && waitMs > ageMs);
  }

  #expiresAt({ usedAt }: LogGroup): number {
    const { expiryMs } = this.#log.options.group;
    return expiryMs === 0 ? Number.POSITIVE_INFINITY : usedAt + expiryMs;
  }

  #nextAt(): number {
    const { context, options, groups, messages } = this.#log;
    const now = context.clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const group of groups.all) {
      next = Math.min(next, groups.attended.has(group) ? group.usedAt + touchMs : this.#expiresAt(group));
    }
    const { ageMs, compact } = options.retention;
    if (compact !== null && this.#compaction.isBehind(this.#log.settledTo))
      next = Math.min(next, now + compactionDelayMs);
    if (ageMs > 0 && messages > 0) next = Math.min(next, now + ageMs - this.#log.ageFrom(this.#compaction.trimmedTo));
    return Math.max(next, now + 1);
  }
}
