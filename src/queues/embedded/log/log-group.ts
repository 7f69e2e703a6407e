import type { SluiceError } from '../../../errors.ts';
import type { Settlement, UserProperty } from '../../../message.ts';
import type { BatchWriter, StagedWrite } from '../../../storage/staged-write.ts';
import type { GroupInfo } from '../../engine.ts';
import type { QueueOptions } from '../../options.ts';
import type { EngineContext } from '../context.ts';
import type { DeliveryLoop } from '../delivery-loop.ts';
import type { Entry } from '../entry.ts';
import { buryDamaged, expireLease, release, type SettlingHome, settleEntry } from '../settlement.ts';
import { QueueTotals } from '../totals.ts';
import { changeState, State } from '../transitions.ts';
import type { Waiting } from '../waiting.ts';
import type { GroupFailures } from './group-failures.ts';
import { GroupLoop } from './group-loop.ts';
import { encodeGroup, groupKey, type StoredGroup } from './group-row.ts';
import { GroupSelector } from './group-selector.ts';
import { LogReader, type ReadLog } from './log-reader.ts';
import { Restart } from './restart.ts';
import { Retries, type Retry } from './retries.ts';
import { SettlePace } from './settle-pace.ts';

/** The log that a group reads. */
export interface GroupLog extends ReadLog {
  readonly name: string;
  readonly context: EngineContext;
  readonly options: QueueOptions;
  readonly totals: QueueTotals;
  readonly nextSequence: number;
  /** Nothing is delivered any more. */
  readonly closed: boolean;
  readonly removed: boolean;
  readonly first: number;
  /** The record of a flushed message, in memory or on disk; undefined where it is gone. */
  recordOf(sequence: number): Buffer | undefined;
  /** Milliseconds since the first message from there on came; 0 where there is none. */
  ageFrom(sequence: number): number;
  /** Another number for a group that begins anew: what is stored under the one that it had is being removed. */
  renumber(group: LogGroup): number;
  /** Whether the group has anybody who takes messages. */
  attended(group: LogGroup, isAttended: boolean): void;
}

/**
 * The consumers that share one reading of a log: a position of their own, what was settled out of order above it, and what
 * they have to come back to. That is one row and one for each failure, written in one commit with the dead letters that
 * come of it; what a crash takes back is delivered again.
 */
export class LogGroup implements SettlingHome, StagedWrite {
  readonly group: string;
  readonly log: GroupLog;
  readonly totals: QueueTotals;
  readonly delivery: DeliveryLoop;
  readonly selector: GroupSelector;
  readonly deathHeaders: readonly UserProperty[];
  /** What fails waits here: in memory alone, because there are never many. */
  readonly schedule = { atOnce: (now: number) => now, add: (entry: Entry) => this.selector.returned(entry) };
  /** Messages that were gone before the group came to them. */
  skipped = 0;
  /** When there was last somebody to take its messages. */
  usedAt: number;
  #removed = false;
  /** The consumer that made it by naming it, since the server started. */
  maker: string | undefined;
  #id: number;
  readonly #stored: StoredGroup;
  readonly #reader: LogReader;
  readonly #retries: Retries;
  readonly #failures: GroupFailures;
  readonly #pace: SettlePace;
  readonly #restart: Restart;
  #staged = false;

  constructor(id: number, log: GroupLog, stored: StoredGroup, failures: GroupFailures) {
    const { clock, wakes } = log.context;
    this.#id = id;
    this.group = stored.name;
    this.log = log;
    this.usedAt = stored.usedAt;
    this.totals = new QueueTotals(log.totals);
    this.deathHeaders = [['group', stored.name]];
    this.#stored = stored;
    this.#reader = new LogReader(log, stored.settled.position);
    this.#retries = new Retries(wakes);
    this.#failures = failures;
    this.#pace = new SettlePace(clock);
    this.selector = new GroupSelector({
      home: this,
      reader: this.#reader,
      settled: stored.settled,
      ordering: log.options.ordering,
      retries: this.#retries,
      failures,
      now: () => clock.now(),
    });
    this.delivery = new GroupLoop(this);
    this.#restart = new Restart({
      context: log.context,
      delivery: this.delivery,
      lose: (entry) => this.#lose(entry),
      retries: this.#retries,
      startAt: (position) => this.#startAt(position),
    });
  }

  /** What is stored of it is stored under it, and its tokens have it. It is another one after each seek. */
  get id(): number {
    return this.#id;
  }

  get name(): string {
    return this.log.name;
  }

  get context(): EngineContext {
    return this.log.context;
  }

  get options(): QueueOptions {
    return this.log.options;
  }

  get closed(): boolean {
    return this.#removed || this.log.closed;
  }

  /** By itself or with its log: the rows are being removed, so none may be written. */
  get removed(): boolean {
    return this.#removed || this.log.removed;
  }

  get position(): number {
    return this.#stored.settled.position;
  }

  /** Where it reads next. */
  get cursor(): number {
    return this.#reader.cursor;
  }

  get consumers(): number {
    return this.delivery.consumptions.size + this.delivery.leases.consumerCount;
  }

  /** Messages that wait for the time of another try; those whose time has come wait for a consumer. */
  get scheduled(): number {
    return this.#retries.waiting + this.#failures.scheduled(this.context.clock.now());
  }

  get info(): GroupInfo {
    const { position, beyond } = this.#stored.settled;
    const lagMessages = this.log.nextSequence - position - beyond;
    const { acknowledged, heldMs, failed, deadLettered } = this.totals;
    return {
      name: this.group,
      position,
      leased: this.delivery.leased,
      scheduled: this.scheduled,
      consumers: this.consumers,
      lagMessages,
      lagMs: lagMessages === 0 ? 0 : this.log.ageFrom(position),
      timeToDrainMs: this.#pace.timeFor(lagMessages),
      acknowledged,
      heldMs,
      failed,
      deadLettered,
      skipped: this.skipped,
    };
  }

  settle(entry: Entry, settlement: Settlement): boolean {
    if (entry.held) {
      settleEntry(this, entry, settlement);
      this.delivery.pump();
      return true;
    }
    if (entry.lost) this.delivery.answeredLate(entry);
    return false;
  }

  extend(entry: Entry, leaseMs: number | undefined): boolean {
    return this.delivery.extend(entry, leaseMs);
  }

  release(entry: Entry): void {
    release(this, entry);
  }

  leaseExpired(entry: Entry, now: number): void {
    expireLease(this, entry, now);
    this.delivery.pump();
  }

  /** A message of a log that is too old by its own word is for nobody; it stays where it is. */
  expire(entry: Entry): void {
    changeState(entry, State.removed);
    this.skipped++;
    this.depart(entry);
    this.selector.departed(entry);
  }

  /** Its failures are the group's own rows. */
  stage(entry: Entry): void {
    this.#failures.changed(entry.sequence, entry.waiting);
    this.save();
  }

  depart(entry: Entry): void {
    this.#pace.settled();
    if (entry.waiting !== undefined) this.#failures.changed(entry.sequence, undefined);
    this.save();
  }

  recordOf(sequence: number): Buffer | undefined {
    return this.log.recordOf(sequence);
  }

  writeEntry(): void {
    // What it delivers is on disk already.
  }

  due(): void {
    // Its retries wait by themselves.
  }

  gone(sequence: number, waiting: Waiting | undefined): void {
    this.skipped++;
    if (waiting !== undefined) this.#failures.changed(sequence, undefined);
    this.save();
  }

  damaged(sequence: number, record: Buffer, waiting: Waiting | undefined, damage: string): void {
    if (waiting !== undefined) this.#failures.changed(sequence, undefined);
    buryDamaged(this, { lane: 0, sequence, record, waiting }, damage);
    this.save();
  }

  readonly retryDue = (retry: Retry): void => {
    if (this.closed) return;
    this.selector.due(retry);
    this.delivery.pump();
  };

  /** Everything below is gone from the log: what of it the group has not come to it never will. */
  skipTo(sequence: number): void {
    const { settled } = this.#stored;
    const from = Math.max(this.cursor, settled.position);
    if (from >= sequence) return;
    const before = settled.position + settled.beyond;
    settled.addRange(from, sequence);
    this.skipped += settled.position + settled.beyond - before;
    // What it has in its hands goes on; what it has to come back to it will find to be gone.
    this.#reader.cursor = sequence;
    this.#failures.passed(sequence);
    this.save();
  }

  /** These are gone from the middle of the log. Where they count as lost to it, those that the group has not come to are counted. */
  missed(sequences: readonly number[], isCounted: boolean): void {
    const { settled } = this.#stored;
    this.#reader.left(sequences[sequences.length - 1]);
    if (!isCounted) return;
    for (const sequence of sequences) if (sequence >= this.cursor && !settled.has(sequence)) this.skipped++;
  }

  /**
   * Goes on from there. Who holds a message of before loses it; resolves when that is so of all, and rejects where the group ends
   * before.
   */
  restart(position: number): Promise<void> {
    return this.#restart.begin(position);
  }

  /** Nothing is delivered for now. */
  get isRestarting(): boolean {
    return this.#restart.isUnderWay;
  }

  #startAt(wanted: number): void {
    // On the way there what lay at that place may have left.
    const position = Math.max(wanted, this.log.first);
    // Its failures so far are of the number that it had.
    this.#id = this.log.renumber(this);
    this.#failures.restart();
    this.selector.restart();
    this.#stored.settled.restart(position);
    // What it has read ahead may have left since, behind where it was.
    this.#reader.drop();
    this.#reader.cursor = position;
    this.save();
    this.delivery.pumpLater();
  }

  /** Somebody takes messages, or nobody does any more. */
  attended(isAttended: boolean): void {
    this.use();
    if (!isAttended) this.#reader.drop();
    this.log.attended(this, isAttended);
  }

  /** It is in use now. */
  use(): void {
    this.usedAt = this.context.clock.now();
    this.save();
  }

  /** Its row follows in the open batch. */
  save(): void {
    if (this.#staged) return;
    this.#staged = true;
    this.context.commit.stage(this);
  }

  write(batch: BatchWriter): void {
    this.#staged = false;
    if (this.removed) return;
    const { id, log, usedAt } = this;
    batch.put('groups', groupKey(log.id, id), encodeGroup({ ...this.#stored, usedAt }));
    this.#failures.write(batch, log.id, id);
    // More than one commit takes; what a stop leaves is forgotten by the next start.
    if (this.#failures.hasPassed && !this.closed) this.save();
  }

  /** It ends, and its rows go. */
  remove(reason: SluiceError): void {
    this.#removed = true;
    this.end(reason, reason);
  }

  end(reason: SluiceError, waiting: SluiceError | undefined): void {
    this.#restart.stop(reason);
    this.delivery.end(reason, waiting);
    const { dismissals, wakes } = this.context;
    const retries = this.#retries.abandon();
    const each = retries.values();
    dismissals.add(retries.size, () => wakes.remove(each.next().value as Retry));
    this.#reader.drop();
  }

  #lose(entry: Entry): void {
    entry.lost = entry.token === undefined;
    this.delivery.endLease(entry);
    changeState(entry, State.succeeded);
  }
}
