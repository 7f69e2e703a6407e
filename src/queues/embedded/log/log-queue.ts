import type { SluiceError } from '../../../errors.ts';
import type { Message } from '../../../message.ts';
import type { Row } from '../../../storage/environment.ts';
import type { BatchWriter } from '../../../storage/staged-write.ts';
import type { QueueOptions } from '../../options.ts';
import type { QueueDropReason } from '../../queue-stats.ts';
import { KeptCauses } from '../causes/kept-causes.ts';
import type { EngineContext } from '../context.ts';
import { QueueCounters } from '../counters.ts';
import { Entrance } from '../entrance.ts';
import { Entry, type EntryHome } from '../entry.ts';
import { HotShare } from '../hot-window.ts';
import { messageKey, RowKeys, sequenceMax, sequenceOfMessageKey } from '../keys.ts';
import { Placing } from '../placement.ts';
import { enqueuedAtOf, seal } from '../record.ts';
import { QueueTotals } from '../totals.ts';
import { countOut, showLog } from './log-causes.ts';
import type { GroupLog, LogGroup } from './log-group.ts';
import { LogGroups } from './log-groups.ts';
import { type KeptLog, LogRemoval } from './log-removal.ts';
import { LogTail } from './log-tail.ts';
import { LogUpkeep } from './log-upkeep.ts';

/**
 * A log: messages stay for the retention, and each group of consumers reads them on its own. Sequences have no holes but
 * those that compaction makes, because the next one is stored with the messages before it; and nothing is delivered before
 * it is flushed, so that no sequence ever means two messages.
 */
export class LogQueue implements GroupLog, KeptLog, EntryHome {
  readonly id: number;
  readonly name: string;
  readonly createdAt: number;
  readonly context: EngineContext;
  readonly counters: QueueCounters;
  readonly rowKeys: RowKeys;
  readonly hot: HotShare;
  readonly tail: LogTail;
  readonly groups: LogGroups;
  readonly entrance: Entrance;
  readonly upkeep: LogUpkeep;
  /** What came in and went; what its groups did is in theirs. */
  readonly totals = new QueueTotals();
  readonly intake = {
    append: (record: Buffer, message?: Message, owned = false): Entry => this.#append(record, message, owned),
  };
  /** Who takes messages takes them of a group, when they are flushed. */
  readonly delivery = { pumpArriving: (): void => undefined, pumpLater: (): void => undefined };

  readonly isInMemory = false;
  readonly causes = new KeptCauses(this, (end, visit) => showLog(this, end, visit));

  options: QueueOptions;
  nextSequence = 1;
  flushedTo = 1;
  first = 1;
  messages = 0;
  bytes = 0;
  removed = false;
  /** Publishes that wait: nothing makes them wait for a log. */
  blocked = 0;
  stopped = false;
  /** What left last: the step before it is flushed. */
  #leaving: ReadonlySet<number> = new Set();
  /** Up to where the batch that is being flushed goes. */
  #writtenTo = 1;
  #placing: Placing;

  constructor(id: number, name: string, createdAt: number, options: QueueOptions, context: EngineContext) {
    this.id = id;
    this.name = name;
    this.createdAt = createdAt;
    this.options = options;
    this.context = context;
    this.counters = new DenseCounters(id, context.commit, () => this.#flushed());
    this.rowKeys = new RowKeys(id);
    this.hot = new HotShare(context.hot);
    this.tail = new LogTail(this.hot);
    this.groups = new LogGroups(this);
    this.entrance = new Entrance(id, name, options, context);
    this.upkeep = new LogUpkeep(this);
    this.#placing = new Placing(options);
  }

  get closed(): boolean {
    return this.removed || this.stopped;
  }

  open(counters: Buffer): void {
    this.counters.load(counters);
    this.nextSequence = Math.max(1, this.counters.sequenceCeiling);
    this.flushedTo = this.nextSequence;
    this.#writtenTo = this.nextSequence;
    this.messages = this.counters.messages;
    this.bytes = this.counters.bytes;
    this.causes.open();
    this.findFirst();
    this.groups.open();
    this.upkeep.open();
  }

  change(options: QueueOptions): void {
    this.options = options;
    this.#placing = new Placing(options);
    this.entrance.change(options);
    for (const { delivery } of this.groups.all) {
      delivery.dispatcher.use(options);
      delivery.optionsChanged();
    }
    this.upkeep.soon();
  }

  /** Only retention bounds a log. */
  hasRoom(): boolean {
    return true;
  }

  canMakeRoom(): boolean {
    return false;
  }

  makeRoom(): void {
    // Retention does, behind everybody's back.
  }

  writeEntry(entry: Entry, batch: BatchWriter): void {
    if (this.removed) return;
    const { record, sequence } = entry;
    seal(record);
    batch.put('messages', this.rowKeys.message(0, sequence), record);
    this.#writtenTo = sequence + 1;
    // Its row comes behind the messages of the batch, and so says the first sequence that it does not have.
    this.counters.sequenceCeiling = this.#writtenTo;
    this.counters.changed(batch, 0, 1, record.length, 0);
  }

  recordOf(sequence: number): Buffer | undefined {
    if (this.isLeaving(sequence)) return undefined;
    return this.tail.get(sequence) ?? this.context.environment.get('messages', messageKey(this.id, 0, sequence));
  }

  ageFrom(sequence: number): number {
    const from = messageKey(this.id, 0, sequence);
    const record =
      this.tail.get(sequence) ??
      this.context.environment.readRange('messages', from, messageKey(this.id, 0, sequenceMax), 1)[0]?.value;
    return record === undefined ? 0 : Math.max(0, this.context.clock.now() - enqueuedAtOf(record));
  }

  renumber(group: LogGroup): number {
    return this.groups.renumber(group);
  }

  attended(group: LogGroup, isAttended: boolean): void {
    this.groups.attend(group, isAttended);
    this.trimTail();
    this.upkeep.plan();
  }

  /** Nobody reads what all those who listen have read. */
  trimTail(): void {
    if (this.tail.size === 0) return;
    let lowest = this.nextSequence;
    for (const { cursor } of this.groups.attended) lowest = Math.min(lowest, cursor);
    this.tail.release(lowest);
  }

  /** Up to where everybody who listens has settled everything. */
  get settledTo(): number {
    let lowest = this.flushedTo;
    for (const { position } of this.groups.attended) lowest = Math.min(lowest, position);
    return lowest;
  }

  removePrefix(rows: readonly Row[], reason: QueueDropReason): void {
    this.#remove(rows, reason);
    this.first = sequenceOfMessageKey(rows[rows.length - 1].key) + 1;
    this.tail.release(this.first);
    for (const group of this.groups.all) group.skipTo(this.first);
  }

  removeScattered(rows: readonly Row[], reason: QueueDropReason): void {
    this.#remove(rows, reason);
    const sequences = rows.map(({ key }) => sequenceOfMessageKey(key)).sort((one, other) => one - other);
    // The tail has no holes: what follows the last of them stays.
    this.tail.release(sequences[sequences.length - 1] + 1);
    for (const group of this.groups.all) group.missed(sequences, reason !== 'superseded');
  }

  isLeaving(sequence: number): boolean {
    return this.#leaving.has(sequence);
  }

  /** Looks for the oldest message that is there. */
  findFirst(): void {
    const from = messageKey(this.id, 0, this.first);
    const [key] = this.context.environment.readKeys('messages', from, messageKey(this.id, 0, sequenceMax), 1);
    this.first = key === undefined ? this.flushedTo : sequenceOfMessageKey(key);
  }

  end(reason: SluiceError, waiting: SluiceError | undefined): void {
    this.stopped = true;
    this.upkeep.stop();
    this.entrance.stop();
    for (const group of this.groups.all) group.end(reason, waiting);
    this.tail.clear();
  }

  /** Entries of a log are what is written; what is delivered are those of its groups. */
  settle(): boolean {
    return false;
  }

  extend(): boolean {
    return false;
  }

  due(): void {
    // Nothing is scheduled.
  }

  #append(record: Buffer, message: Message | undefined, owned: boolean): Entry {
    const own = this.#placing.place(record, message, owned, 0);
    const entry = new Entry(this, this.nextSequence++, own);
    this.totals.enqueued++;
    this.messages++;
    this.bytes += own.length;
    if (this.groups.attended.size > 0) this.tail.push(entry.sequence, own);
    entry.staged = true;
    this.context.commit.stage(entry, own.length);
    return entry;
  }

  #remove(rows: readonly Row[], reason: QueueDropReason): void {
    const bytes = rows.reduce((sum, { value }) => sum + value.length, 0);
    this.messages -= rows.length;
    this.bytes -= bytes;
    this.totals.dropped[reason] += rows.length;
    const sequences = rows.map(({ key }) => sequenceOfMessageKey(key));
    this.#leaving = new Set(sequences);
    countOut(this.causes, rows, reason === 'retention' ? 'expired' : 'discarded');
    this.context.commit.stage(new LogRemoval(this, sequences, bytes));
  }

  #flushed(): void {
    if (this.closed) return;
    this.flushedTo = this.#writtenTo;
    for (const { delivery } of this.groups.attended) delivery.pump();
    this.trimTail();
    this.upkeep.grown();
  }
}

/** The ceiling is the next sequence, neither more nor less: it is written with every message. */
class DenseCounters extends QueueCounters {
  override reserve(next: number): void {
    this.setCeiling(next);
  }
}
