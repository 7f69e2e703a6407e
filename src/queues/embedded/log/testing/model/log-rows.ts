import assert from 'node:assert/strict';
import type { RowBatch } from '../../../../../storage/row-batch.ts';
import { sequenceOfMessageKey } from '../../../keys.ts';
import { damageOf, messageOf } from '../../../record.ts';
import { decodeWaiting } from '../../../waiting.ts';
import { decodeGroup, groupOfKey, sequenceOfGroupStateKey } from '../../group-row.ts';
import type { ReferenceLog } from './reference-log.ts';

/** For tests: looks at every row that is written of a log, which must be what the reference says in that moment. */
export class LogRows {
  readonly #queue: number;
  readonly #log: ReferenceLog;
  readonly #names = new Map<number, string>();

  constructor(queue: number, log: ReferenceLog) {
    this.#queue = queue;
    this.#log = log;
  }

  /** What left the log is known before the rows of groups that came past it. */
  began({ tables, keys, values }: RowBatch): void {
    const each = (table: string, look: (key: Buffer, value: Buffer | undefined) => void): void => {
      for (const [at, name] of tables.entries()) {
        const key = keys.view(at);
        if (name === table && key.readUInt32BE() === this.#queue) look(key, values[at]);
      }
    };
    each('messages', (key, value) => this.#message(sequenceOfMessageKey(key), value));
    each('groups', (key, value) => this.#group(groupOfKey(key), value));
    each('group-states', (key, value) => this.#failures(key, value));
    for (const group of this.#log.groups.values()) group.batchBegins();
  }

  #message(sequence: number, record: Buffer | undefined): void {
    if (record === undefined) {
      this.#log.rowRemoved(sequence);
      return;
    }
    assert.equal(damageOf(record), undefined);
    this.#log.written(sequence, messageOf(record).payload.toString(), record.length);
  }

  #group(id: number, row: Buffer | undefined): void {
    // The first one is of compaction.
    if (row === undefined || id === 0) return;
    const stored = decodeGroup(row);
    assert.ok(stored !== undefined);
    if (stored.name === '') {
      this.#names.delete(id);
      return;
    }
    this.#names.set(id, stored.name);
    const group = this.#log.groups.get(stored.name);
    assert.ok(group !== undefined, `a row of ${stored.name} is written, which is not there`);
    group.written(stored);
  }

  #failures(key: Buffer, row: Buffer | undefined): void {
    const group = this.#log.groups.get(this.#names.get(groupOfKey(key)) ?? '');
    const attempts = row === undefined ? 0 : decodeWaiting(row)?.attempts;
    assert.ok(attempts !== undefined);
    // Of a group that was removed everything goes.
    group?.failuresWritten(sequenceOfGroupStateKey(key), attempts);
  }
}
