import type { Death } from '../../../message.ts';
import type { BatchWriter, StagedWrite } from '../../../storage/staged-write.ts';
import { causeOf, fingerprintOf } from '../../causes/cause.ts';
import { type BookListener, CauseBook } from '../../causes/cause-book.ts';
import type { CauseGroup } from '../../causes/cause-group.ts';
import type { DeadLetterGroups, Departure, GroupLevel } from '../../causes/dead-letter-groups.ts';
import type { CountedIn } from '../../engine.ts';
import type { EngineContext } from '../context.ts';
import { queueKey } from '../keys.ts';
import { deathOf, isDead } from '../record.ts';
import {
  bookKey,
  decodeBook,
  decodeGroup,
  encodeBook,
  encodeGroup,
  groupKey,
  isBookKey,
  isOtherKey,
  otherKey,
} from './cause-row.ts';

/** A queue or log, as the count of its dead letters sees it. */
export interface CountedQueue {
  readonly id: number;
  readonly name: string;
  readonly context: EngineContext;
  readonly messages: number;
  readonly nextSequence: number;
  readonly isInMemory: boolean;
  readonly removed: boolean;
  readonly stopped: boolean;
}

export interface CountedMessage {
  readonly sequence: number;
  readonly record: Buffer;
}

/**
 * Shows what is in the queue up to, not including, `end`, in sequence order, in steps; `visit` answers whether to go on. What
 * has left is not shown, flushed or not.
 */
type ShowAll = (end: number, visit: (found: readonly CountedMessage[]) => boolean) => Promise<void>;

/**
 * The dead letters of a queue by their cause, counted in the commit in which they come and go. Where the disk does not say how
 * many there are, because an older version wrote them or something was damaged, they are counted from the messages: those
 * that come and go meanwhile are taken into account as the count passes them.
 */
export class KeptCauses implements StagedWrite, BookListener, CountedIn {
  readonly #queue: CountedQueue;
  readonly #showAll: ShowAll;
  readonly #book = new CauseBook(this);
  readonly #changed = new Set<CauseGroup>();
  readonly #forgotten = new Set<CauseGroup>();
  #staged = false;
  /** Whether the book says what is in the queue. */
  #isKnown = true;
  #counting: Promise<void> | undefined;
  /** While it is counted: messages from the first up to the second are still to come. */
  #cursor = 0;
  #end = 0;

  constructor(queue: CountedQueue, showAll: ShowAll) {
    this.#queue = queue;
    this.#showAll = showAll;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Whether it matters what leaves: of a queue without dead letters nothing does. */
  get watches(): boolean {
    return this.#counting !== undefined || !this.#book.isEmpty;
  }

  get size(): number {
    return this.#isKnown ? this.#book.size : 0;
  }

  /** False while it is not known what is there: `whenKnown` waits for it. */
  isInOther({ sequence, death }: { readonly sequence: number; readonly death: Death | undefined }): boolean {
    return this.#isKnown && death !== undefined && this.#book.isInOther(sequence, fingerprintOf(death));
  }

  async whenKnown(): Promise<void> {
    if (!this.#isKnown) await this.recount();
  }

  levels(max: number): readonly GroupLevel[] {
    if (!this.#isKnown || this.#book.isEmpty) return noLevels;
    return this.#book.levels(max, this.#queue.context.clock.now());
  }

  /** Takes up what the disk holds; the messages of the queue are counted already. */
  open(): void {
    const { id, messages, context } = this.#queue;
    const rows = context.environment.readRange('dead-letter-groups', queueKey(id), queueKey(id + 1), rowsMax);
    const known = rows.find(({ key }) => isBookKey(key));
    const groups = rows.filter(({ key }) => !isBookKey(key) && !isOtherKey(key)).map(({ value }) => decodeGroup(value));
    const other = rows.filter(({ key }) => isOtherKey(key)).map(({ value }) => decodeGroup(value));
    const all = [...groups, ...other].filter((group) => group !== undefined);
    const counted = all.reduce((sum, { count }) => sum + count, 0);
    this.#isKnown =
      known === undefined ? messages === 0 && counted === 0 : decodeBook(known.value) + counted === messages;
    if (all.length < groups.length + other.length) this.#isKnown = false;
    if (this.#isKnown) {
      this.#book.load(groups.filter((group) => group !== undefined));
      for (const group of other) if (group !== undefined) this.#book.loadOther(group);
    } else if (rows.length > 0) this.#forgetOpen(rows);
  }

  /** A dead letter is in the queue. */
  arrived(sequence: number, bytes: number, death: Death | undefined): void {
    if (death === undefined || !this.#counts(sequence)) return;
    this.#book.add(sequence, bytes, causeOf(death));
  }

  /** A message has left the queue. */
  departed(sequence: number, record: Buffer, why: Departure): void {
    if (!isDead(record) || !this.#counts(sequence)) return;
    const fingerprint = fingerprintOf(deathOf(record));
    const now = this.#queue.context.clock.now();
    if (!this.#book.remove(sequence, record.length, fingerprint, why, now)) this.doubted();
  }

  /** Something left that nobody could read. */
  doubted(): void {
    if (this.#isKnown && !this.#book.isEmpty) this.#recountSoon();
  }

  /** Counts in the background what the disk does not say. */
  ensure(): void {
    if (!this.#isKnown) this.#recountSoon();
  }

  /** Waits until it is known what is there. */
  async read(): Promise<DeadLetterGroups> {
    await this.whenKnown();
    if (this.#book.lacksSample) await this.#findSamples();
    const { messages, context } = this.#queue;
    return this.#book.read(messages, context.clock.now());
  }

  /** From the messages. */
  recount(): Promise<void> {
    this.#counting ??= this.#count().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  /** Resolves when nothing is counted any more. */
  async idle(): Promise<void> {
    await this.#counting;
  }

  changed(group: CauseGroup): void {
    this.#changed.add(group);
    this.#stage();
  }

  forgotten(group: CauseGroup): void {
    this.#changed.delete(group);
    this.#forgotten.add(group);
    this.#stage();
  }

  /** The queue goes to disk from now on, with what came before. */
  writeAll(): void {
    for (const group of this.#book.all()) this.#changed.add(group);
    this.#stage();
  }

  /** The queue stays in memory from now on: what the disk says of it will not be so. */
  keepInMemory(): void {
    this.#queue.context.commit.remove('dead-letter-groups', bookKey(this.#queue.id));
  }

  write(batch: BatchWriter): void {
    this.#staged = false;
    const { id, messages, isInMemory, removed } = this.#queue;
    // What is counted now is written when it is known.
    if (!this.#isKnown) return;
    if (!removed && !isInMemory) {
      for (const group of this.#forgotten) batch.remove('dead-letter-groups', groupKey(id, group.fingerprint));
      for (const group of this.#changed) batch.put('dead-letter-groups', this.#keyOf(group), encodeGroup(group));
      batch.put('dead-letter-groups', bookKey(id), encodeBook(messages - this.#book.count));
    }
    this.#changed.clear();
    this.#forgotten.clear();
  }

  #keyOf(group: CauseGroup): Buffer {
    const { id } = this.#queue;
    return group === this.#book.other ? otherKey(id) : groupKey(id, group.fingerprint);
  }

  #stage(): void {
    if (this.#staged) return;
    this.#staged = true;
    this.#queue.context.commit.stage(this);
  }

  #counts(sequence: number): boolean {
    if (this.#isKnown) return true;
    return this.#counting !== undefined && (sequence < this.#cursor || sequence >= this.#end);
  }

  async #count(): Promise<void> {
    const queue = this.#queue;
    const { commit, clock } = queue.context;
    this.#isKnown = false;
    this.#cursor = 0;
    this.#end = queue.nextSequence;
    this.#book.forgetPresent();
    // Whatever the disk says of groups is not so until they are counted.
    if (!queue.isInMemory) commit.remove('dead-letter-groups', bookKey(queue.id));
    await this.#showAll(this.#end, (found) => {
      for (const { sequence, record } of found) {
        this.#cursor = sequence + 1;
        const death = deathOf(record);
        if (death !== undefined) this.#book.add(sequence, record.length, causeOf(death));
      }
      return !queue.removed;
    });
    if (queue.stopped || queue.removed) return;
    this.#isKnown = true;
    this.#book.counted(clock.now());
    this.writeAll();
  }

  /** From the oldest message on, until every group has one to look at. */
  async #findSamples(): Promise<void> {
    let looked = 0;
    await this.#showAll(this.#queue.nextSequence, (found) => {
      for (const { sequence, record } of found) {
        if (isDead(record)) this.#book.seen(sequence, fingerprintOf(deathOf(record)));
      }
      looked += found.length;
      return looked < samplesLookedMax && this.#book.lacksSample;
    });
  }

  #recountSoon(): void {
    const { context, name } = this.#queue;
    // What fails is storage, which ends the process by itself.
    this.recount().catch((problem) => context.log.error('Could not count dead letters', { queue: name, problem }));
  }

  /** Keeps of stored groups those that are closed, whose numbers are of the past. */
  #forgetOpen(rows: readonly { readonly key: Buffer; readonly value: Buffer }[]): void {
    const { commit } = this.#queue.context;
    const closed: CauseGroup[] = [];
    for (const { key, value } of rows) {
      const group = isBookKey(key) || isOtherKey(key) ? undefined : decodeGroup(value);
      if (group?.count === 0) closed.push(group);
      else commit.remove('dead-letter-groups', key);
    }
    this.#book.load(closed);
  }
}

/** Messages that are looked at for one of each group; one that has none among them goes without. */
const samplesLookedMax = 100_000;
const noLevels: readonly GroupLevel[] = [];
/** More than a queue has groups, open and closed. */
const rowsMax = 10_000;
