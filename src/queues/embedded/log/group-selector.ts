import type { Ordering } from '../../options.ts';
import { Entry, type EntryHome } from '../entry.ts';
import { damageOf, keyHashOf } from '../record.ts';
import type { Selector } from '../selector.ts';
import type { Waiting } from '../waiting.ts';
import type { GroupFailures } from './group-failures.ts';
import { KeyLines } from './key-lines.ts';
import type { LogReader } from './log-reader.ts';
import { type Retries, Retry } from './retries.ts';
import type { SettledRanges } from './settled-ranges.ts';

/**
 * Messages of a group that were read and are not settled: in a consumer's hands, waiting for another try, or behind another
 * one of their key. At this many the group reads no further until one of them is settled; those it has go on.
 */
export const groupOutstandingMax = 10_000;

/** All messages of a group in total order stand in one line. */
const totalOrderKey = 1;

interface SelectorParts {
  readonly home: EntryHome & GroupEvents;
  readonly reader: LogReader;
  readonly settled: SettledRanges;
  readonly ordering: Ordering;
  readonly retries: Retries;
  readonly failures: Pick<GroupFailures, 'take' | 'passed'>;
  readonly now: () => number;
}

/** What becomes of a message that cannot be delivered. */
interface GroupEvents {
  /** The record of a message that the group has still to settle. */
  recordOf(sequence: number): Buffer | undefined;
  /** It is not in the log any more. */
  gone(sequence: number, waiting: Waiting | undefined): void;
  /** Something is to be written. */
  save(): void;
  damaged(sequence: number, record: Buffer, waiting: Waiting | undefined, damage: string): void;
  retryDue(retry: Retry): void;
}

/** What a group delivers next: what came back first, then on through the log, with no two of a key out at a time. */
export class GroupSelector implements Selector {
  readonly #parts: SelectorParts;
  readonly #lines = new KeyLines();
  /** Given out and not come back. */
  #out = 0;

  constructor(parts: SelectorParts) {
    this.#parts = parts;
  }

  get outstanding(): number {
    return this.#out + this.#parts.retries.size + this.#lines.standing;
  }

  next(): Entry | undefined {
    return this.#nextRetry() ?? this.#nextFresh();
  }

  arrived(): void {
    // A log tells all of its groups at once when there is something to read.
  }

  /** It goes to the front again, or waits until its failure says. */
  returned(entry: Entry): void {
    this.#out--;
    const { sequence, deliveries } = entry;
    const key = this.#keyOf(entry.record);
    // The last error is on disk, and nobody asks for it here.
    const waiting = entry.waiting === undefined ? undefined : { ...entry.waiting, lastError: '' };
    this.#comeBack(new Retry({ sequence, key, waiting, deliveries }, this.#parts.home.retryDue));
  }

  departed(entry: Entry): void {
    this.#out--;
    this.#settled(entry.sequence, this.#keyOf(entry.record));
  }

  withdrawn(): void {
    // Nobody removes what a group has to come back to: it finds out when it reads it.
  }

  withdrawnOnDisk(): void {
    // The same.
  }

  /** What it has to come back to is on disk. */
  inMemory(): Iterable<Entry> {
    return [];
  }

  oldest(): undefined {
    return undefined;
  }

  /** A retry can go. */
  due(retry: Retry): void {
    this.#parts.retries.due(retry);
    this.#parts.retries.putBack(retry);
  }

  /** Forgets all that it came past and did not settle: the group begins anew. */
  restart(): void {
    this.#parts.retries.clear();
    this.#lines.clear();
    this.#out = 0;
  }

  #nextRetry(): Entry | undefined {
    const { retries, home } = this.#parts;
    for (let retry = retries.shift(); retry !== undefined; retry = retries.shift()) {
      const { sequence, waiting } = retry;
      const record = home.recordOf(sequence);
      const damage = record === undefined ? undefined : damageOf(record);
      if (record !== undefined && damage === undefined) return this.#give(sequence, record, waiting, retry.deliveries);
      if (record === undefined || damage === undefined) home.gone(sequence, waiting);
      else home.damaged(sequence, record, waiting, damage);
      this.#settled(sequence, retry.key);
    }
    return undefined;
  }

  #nextFresh(): Entry | undefined {
    while (this.outstanding < groupOutstandingMax && !this.#isLineTotalBusy()) {
      const record = this.#find();
      if (record === undefined) return undefined;
      const entry = this.#consider(this.#parts.reader.cursor++, record);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** The record of the next message that is not settled; what is missing before it counts as settled. */
  #find(): Buffer | undefined {
    const { reader, settled, failures, home } = this.#parts;
    for (;;) {
      const from = settled.nextOpen(reader.cursor);
      reader.cursor = from;
      const record = reader.find();
      settled.addRange(from, reader.cursor);
      if (reader.cursor > from && failures.passed(reader.cursor)) home.save();
      if (record === undefined || !settled.has(reader.cursor)) return record;
    }
  }

  /** The message to deliver, or undefined where it has to wait or cannot be delivered at all. */
  #consider(sequence: number, record: Buffer): Entry | undefined {
    const { failures, home, reader, retries, now } = this.#parts;
    const waiting = failures.take(sequence);
    const damage = reader.fromDisk ? damageOf(record) : undefined;
    if (damage !== undefined) {
      home.damaged(sequence, record, waiting, damage);
      this.#settled(sequence, 0);
      return undefined;
    }
    const key = this.#keyOf(record);
    if (key !== 0 && this.#lines.isBusy(key)) {
      this.#lines.stand(key, sequence);
      return undefined;
    }
    if (key !== 0) this.#lines.occupy(key);
    if (waiting === undefined || waiting.availableAt <= now()) return this.#give(sequence, record, waiting, 0);
    retries.wait(new Retry({ sequence, key, waiting, deliveries: 0 }, home.retryDue), waiting.availableAt);
    return undefined;
  }

  #give(sequence: number, record: Buffer, waiting: Waiting | undefined, deliveries: number): Entry {
    const entry = new Entry(this.#parts.home, sequence, record);
    entry.stored = true;
    entry.waiting = waiting;
    entry.storedWaiting = waiting;
    entry.deliveries = deliveries;
    this.#out++;
    return entry;
  }

  #comeBack(retry: Retry): void {
    const { retries, now } = this.#parts;
    if (retry.waiting !== undefined && retry.waiting.availableAt > now())
      retries.wait(retry, retry.waiting.availableAt);
    else retries.putBack(retry);
  }

  #settled(sequence: number, key: number): void {
    this.#parts.settled.add(sequence);
    if (key === 0) return;
    const next = this.#lines.next(key);
    if (next === undefined) return;
    const retry = new Retry({ sequence: next, key, waiting: undefined, deliveries: 0 }, this.#parts.home.retryDue);
    this.#parts.retries.putBack(retry);
  }

  #isLineTotalBusy(): boolean {
    return this.#parts.ordering === 'total' && this.#lines.isBusy(totalOrderKey);
  }

  #keyOf(record: Buffer): number {
    const { ordering } = this.#parts;
    if (ordering === 'none') return 0;
    return ordering === 'total' ? totalOrderKey : keyHashOf(record);
  }
}
