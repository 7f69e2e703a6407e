import assert from 'node:assert/strict';
import type { QueueOptions } from '../../../../options.ts';
import type { History } from '../../../testing/model/history.ts';
import { type LogEntry, logKeys } from './log-entry.ts';
import type { ReferenceGroup } from './reference-group.ts';

type Retention = QueueOptions['retention'];

/** For tests: what a log has, which messages may leave it, and which have to. Its groups are those that read it. */
export class ReferenceLog {
  readonly groups = new Map<string, ReferenceGroup>();
  /** By sequence, in order: those that are there, and all that ever were. */
  readonly present = new Map<number, LogEntry>();
  readonly entries = new Map<number, LogEntry>();
  readonly #history: History;
  readonly #now: () => number;
  options: QueueOptions;
  /** Retention of before, under which a removal may have been decided that is still to be written. */
  #retentionsBefore: Retention[] = [];
  /** What is below was asked to go. */
  purgeTo = 0;
  next = 1;
  /** Since the engine was started. */
  appended = 0;
  removed = 0;
  removedAltogether = 0;

  constructor(options: QueueOptions, history: History, now: () => number) {
    this.options = options;
    this.#history = history;
    this.#now = now;
  }

  change(options: QueueOptions): void {
    const before = this.options;
    this.#retentionsBefore.push(before.retention);
    this.options = options;
    this.#history.add(() => {
      this.options = before;
    });
  }

  /** Nothing is on its way to the disk: what was decided under other options is done. */
  settledDown(): void {
    this.#retentionsBefore = [];
  }

  append(id: string, bytes: number, expiresAt: number): LogEntry {
    const { transaction } = this.#history;
    const entry: LogEntry = {
      sequence: this.next++,
      id,
      bytes,
      at: this.#now(),
      expiresAt,
      transaction,
      isWritten: false,
      goneIn: undefined,
    };
    this.present.set(entry.sequence, entry);
    this.entries.set(entry.sequence, entry);
    this.appended++;
    for (const group of this.groups.values()) group.open(entry);
    this.#history.add(() => this.#takeBack(entry));
    return entry;
  }

  /** Its row is on its way to the disk. */
  written(sequence: number, id: string, bytes: number): void {
    const entry = this.entries.get(sequence);
    assert.ok(entry !== undefined, `a row of ${sequence} is written, which was not appended`);
    assert.deepEqual([entry.id, entry.bytes], [id, bytes], `the row of ${sequence} is of another message`);
    entry.isWritten = true;
    this.#history.add(() => {
      entry.isWritten = false;
    });
  }

  /** The row of the message goes, which it must have a reason for. */
  rowRemoved(sequence: number): void {
    const entry = this.present.get(sequence);
    assert.ok(entry !== undefined, `the row of ${sequence} is removed, which is not there`);
    if (sequence >= this.purgeTo) this.#checkReason(entry);
    entry.goneIn = this.#history.transaction;
    this.present.delete(sequence);
    this.removed++;
    this.removedAltogether++;
    this.#history.add(() => {
      entry.goneIn = undefined;
      this.removedAltogether--;
      this.present.set(sequence, entry);
    });
  }

  /** What was taken back stands behind the others until then. */
  reopened(): void {
    const present = [...this.present].sort(([one], [other]) => one - other);
    this.present.clear();
    for (const [sequence, entry] of present) this.present.set(sequence, entry);
    this.purgeTo = 0;
    this.appended = 0;
    this.removed = 0;
    this.#retentionsBefore = [];
    for (const group of this.groups.values()) group.reopened();
  }

  get bytes(): number {
    return bytesOf(this.present.values());
  }

  /** What retention has to have taken by now and has not. */
  get overdue(): LogEntry[] {
    const { retention } = this.options;
    if (retention.compact === null) return this.#firstBeyond(retention, () => false);
    // While somebody listens nobody can say how far compaction has to be.
    return [];
  }

  /** As `overdue`, for a log in which compaction has had its time and nobody kept anything from it. */
  get overdueCompacted(): LogEntry[] {
    const { retention } = this.options;
    if (retention.compact === null) return this.overdue;
    const keyOf = logKeys[retention.compact];
    const older = [...this.present.values()].filter((entry) => this.#newerOf(entry, keyOf) !== undefined);
    return [...older, ...this.#firstBeyond(retention, ({ id }) => keyOf(id) !== undefined)];
  }

  #firstBeyond(retention: Retention, stays: (entry: LogEntry) => boolean): LogEntry[] {
    const all = [...this.present.values()];
    let [messages, bytes] = [all.length, this.bytes];
    const beyond: LogEntry[] = [];
    for (const entry of all) {
      if (!isBeyond(retention, { messages, bytes, ageMs: this.#now() - entry.at })) break;
      if (stays(entry)) continue;
      messages--;
      bytes -= entry.bytes;
      beyond.push(entry);
    }
    return beyond;
  }

  #checkReason(entry: LogEntry): void {
    const problems = [this.options.retention, ...this.#retentionsBefore].map((each) => this.#problemWith(entry, each));
    assert.ok(problems.includes(undefined), problems[0]);
  }

  /** Why the message may not go by that retention; undefined where it may. Rows are told in the order of what was done. */
  #problemWith(entry: LogEntry, retention: Retention): string | undefined {
    const { sequence } = entry;
    const written = [...this.present.values()].filter(({ isWritten }) => isWritten);
    const level = { messages: written.length, bytes: bytesOf(written), ageMs: this.#now() - entry.at };
    const within = `${sequence} was removed, and the log is within its limits: ${JSON.stringify({ ...level, retention })}`;
    const keyOf = retention.compact === null ? undefined : logKeys[retention.compact];
    const isKept = keyOf?.(entry.id) !== undefined;
    if (!isKept) {
      const before = written.find((other) => keyOf?.(other.id) === undefined);
      if (before !== entry) return `${sequence} was removed before ${before?.sequence}, which is older`;
      return isBeyond(retention, level) ? undefined : within;
    }
    if (this.#newerOf(entry, keyOf) === undefined) return `${sequence} was removed, and is the newest of its key`;
    const listener = [...this.groups.values()].find((group) => group.keeps(entry));
    if (listener === undefined || isBeyond(retention, level)) return undefined;
    return `${sequence} was compacted away, and ${listener.name} has not settled it`;
  }

  #newerOf({ id, sequence }: LogEntry, keyOf: (id: string) => string | undefined): LogEntry | undefined {
    const key = keyOf(id);
    if (key === undefined) return undefined;
    for (const other of this.present.values()) if (other.sequence > sequence && keyOf(other.id) === key) return other;
    return undefined;
  }

  #takeBack({ sequence }: LogEntry): void {
    this.present.delete(sequence);
    this.entries.delete(sequence);
    this.next = sequence;
    for (const group of this.groups.values()) group.unopen(sequence);
  }
}

function isBeyond(retention: Retention, level: { messages: number; bytes: number; ageMs: number }): boolean {
  const { messages, bytes, ageMs } = retention;
  if (messages > 0 && level.messages > messages) return true;
  if (bytes > 0 && level.bytes > bytes) return true;
  return ageMs > 0 && level.ageMs >= ageMs;
}

function bytesOf(entries: Iterable<LogEntry>): number {
  let sum = 0;
  for (const { bytes } of entries) sum += bytes;
  return sum;
}
