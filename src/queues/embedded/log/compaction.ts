import { createHash } from 'node:crypto';
import { writeU32, writeU48 } from '../../../std/numbers.ts';
import type { Row } from '../../../storage/environment.ts';
import { compileKey, type KeyOf } from '../../key-expression.ts';
import { messageKey, queueKey, sequenceOfMessageKey } from '../keys.ts';
import { damageOf, messageOf } from '../record.ts';
import { groupKey } from './group-row.ts';
import type { KeptLog } from './log-removal.ts';
import { endOf, RetentionLimits, readStep } from './retention.ts';

/** Rows of the index deleted in one commit. */
const removedRowsMax = 5_000;

/** Of an index that is made anew. */
const noExpression = '';

/** How far it has come: one row, which changes in one commit with what it says was done. */
interface Progress {
  /** The key expression of the index. */
  readonly expression: string;
  /** Messages below it have been visited: of each key the newest of them is in the index, and the others are gone. */
  readonly compactedTo: number;
  /** Messages below it that have no key and were beyond the limits are gone. */
  readonly trimmedTo: number;
}

/**
 * Keeps the newest message of each key of a log. It visits each message once, in order: the index, table `last-values`, has
 * the newest visited one of each key, and when a newer one is visited that one goes. What a group that somebody listens to
 * has not settled it does not visit, unless the log has grown beyond its limits.
 */
export class Compaction {
  readonly #log: KeptLog;
  #progress: Progress | undefined;
  #keyOf: KeyOf | undefined;

  constructor(log: KeptLog) {
    this.#log = log;
  }

  open(): void {
    const row = this.#log.context.environment.get('groups', groupKey(this.#log.id, 0));
    if (row === undefined) return;
    const progress: Progress = JSON.parse(row.toString());
    this.#progress = progress;
    this.#keyOf = progress.expression === noExpression ? undefined : compileKey(progress.expression);
  }

  /** Whether the index is that of the option. */
  get isCurrent(): boolean {
    return (this.#progress?.expression ?? null) === this.#log.options.retention.compact;
  }

  /** Removes the index, and begins another one where there is a key. Resolves when it is done. */
  async reset(): Promise<void> {
    const { id, context, options, first } = this.#log;
    const { commit, environment } = context;
    // With the first rows: of what is left of an index nobody may go on, whatever comes between.
    if (this.#progress !== undefined) this.#save({ ...this.#progress, expression: noExpression });
    for (;;) {
      const keys = environment.readKeys('last-values', queueKey(id), queueKey(id + 1), removedRowsMax);
      if (keys.length === 0) break;
      for (const key of keys) commit.remove('last-values', key);
      await commit.flushed();
      if (this.#log.removed) return;
    }
    const expression = options.retention.compact;
    this.#keyOf = expression === null ? undefined : compileKey(expression);
    if (expression === null) this.#forget();
    else this.#save({ expression, compactedTo: first, trimmedTo: first });
  }

  /** The log is about to be emptied: the index is made anew. */
  invalidate(): void {
    if (this.#progress !== undefined) this.#progress = { ...this.#progress, expression: noExpression };
  }

  /** Does a step of what is to be done; answers whether there may be more. `settledTo`: what listeners are done with. */
  step(settledTo: number): boolean {
    const progress = this.#progress;
    if (progress === undefined || !this.isCurrent) return false;
    if (!this.isBehind(settledTo)) return this.#trim(progress);
    const rows = readStep(this.#log, Math.max(progress.compactedTo, this.#log.first));
    const visited = rows.filter(({ key }) => sequenceOfMessageKey(key) < settledTo);
    this.#visit(visited);
    const isCutOff = visited.length === rows.length && rows.length > 0;
    this.#save({ ...progress, compactedTo: isCutOff ? endOf(rows) : settledTo });
    return true;
  }

  /** Whether there is something to visit. */
  isBehind(settledTo: number): boolean {
    return this.#progress !== undefined && this.#progress.compactedTo < settledTo;
  }

  /** When the oldest message that could go by its age is the first of these. */
  get trimmedTo(): number {
    return this.#progress?.trimmedTo ?? this.#log.first;
  }

  /** Of each key that is met the newest stays. With `limits` only as far as they ask for; answers how many were visited. */
  #visit(rows: readonly Row[], limits?: RetentionLimits): number {
    const newest = new Map<string, Row>();
    const superseded: Row[] = [];
    let visited = 0;
    for (const row of rows) {
      if (limits?.isBeyond(row.value) === false) break;
      visited++;
      const key = this.#keyIn(row.value);
      // What has no key goes next, by the limits alone.
      if (key === undefined) limits?.taken(row.value);
      if (key === undefined) continue;
      const digest = createHash('sha256').update(key).digest().subarray(0, 16);
      const before = newest.get(digest.toString('latin1')) ?? this.#newestBefore(digest, row);
      if (before !== undefined) superseded.push(before);
      if (before !== undefined) limits?.taken(before.value);
      newest.set(digest.toString('latin1'), row);
      this.#log.context.commit.put('last-values', indexKey(this.#log.id, digest), indexValue(row));
    }
    if (superseded.length > 0) this.#log.removeScattered(superseded, 'superseded');
    return visited;
  }

  /** What has no key goes by the limits; of what has one, the newest stays. */
  #trim(progress: Progress): boolean {
    const rows = readStep(this.#log, Math.max(progress.trimmedTo, this.#log.first));
    const limits = new RetentionLimits(this.#log);
    const gone: Row[] = [];
    let trimmedTo = progress.trimmedTo;
    for (const row of rows) {
      if (!limits.isBeyond(row.value)) break;
      const sequence = sequenceOfMessageKey(row.key);
      if (sequence >= progress.compactedTo) break;
      trimmedTo = sequence + 1;
      if (this.#keyIn(row.value) !== undefined) continue;
      limits.taken(row.value);
      gone.push(row);
    }
    if (trimmedTo > progress.trimmedTo) {
      if (gone.length > 0) this.#log.removeScattered(gone, 'retention');
      this.#save({ ...progress, trimmedTo });
      return true;
    }
    // The limits reach into what was not visited: a listener keeps it from compaction, but not beyond them.
    const [next] = rows;
    if (next === undefined || !limits.isBeyond(next.value)) return false;
    const visited = this.#visit(rows, limits);
    this.#save({ ...progress, compactedTo: endOf(rows.slice(0, visited)) });
    return true;
  }

  #keyIn(record: Buffer): string | undefined {
    return damageOf(record) === undefined ? this.#keyOf?.(messageOf(record)) : undefined;
  }

  #newestBefore(digest: Buffer, row: Row): Row | undefined {
    const { id, context } = this.#log;
    const found = context.environment.get('last-values', indexKey(id, digest));
    const sequence = found?.readUIntBE(1, 6);
    if (sequence === undefined || sequence < this.#log.first || sequence >= sequenceOfMessageKey(row.key))
      return undefined;
    const key = messageKey(id, 0, sequence);
    const value = context.environment.get('messages', key);
    return value === undefined ? undefined : { key, value };
  }

  #save(progress: Progress): void {
    this.#progress = progress;
    this.#log.context.commit.put('groups', groupKey(this.#log.id, 0), Buffer.from(JSON.stringify(progress)));
  }

  #forget(): void {
    this.#progress = undefined;
    this.#log.context.commit.remove('groups', groupKey(this.#log.id, 0));
  }
}

function indexKey(queue: number, digest: Buffer): Buffer {
  const key = Buffer.allocUnsafe(4 + digest.length);
  writeU32(key, queue, 0);
  key.set(digest, 4);
  return key;
}

/** As drawn in storage/tables.ts: lane and sequence. */
function indexValue(row: Row): Buffer {
  const value = Buffer.alloc(7);
  writeU48(value, sequenceOfMessageKey(row.key), 1);
  return value;
}
