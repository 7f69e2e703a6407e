import type { Environment, Row } from '../../../storage/environment.ts';
import type { StoredRows } from '../../../storage/snapshot.ts';
import type { TableName } from '../../../storage/tables.ts';

const first = Buffer.alloc(1);
const behindAll = Buffer.alloc(40, 0xff);

/** For tests: the flushed rows of an engine, as a check reads them. */
export function storedRows(environment: Pick<Environment, 'get' | 'readRange'>): StoredRows {
  const read = (table: TableName, from: Buffer = first): Row[] =>
    environment.readRange(table, from, behindAll, Number.POSITIVE_INFINITY);
  return {
    get: (table, key) => environment.get(table, key),
    *rows(table, from) {
      yield* read(table, from);
    },
    *keys(table, from) {
      for (const { key } of read(table, from)) yield key;
    },
  };
}
