import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkSessions } from '../../broker/check-sessions.ts';
import { checkDatabase } from '../../devices/sqlite/check.ts';
import { checkQueues } from '../../queues/embedded/check/check-queues.ts';
import { type Finding, Snapshot, type StoredRows } from '../../storage/snapshot.ts';
import { type TableName, tableNames } from '../../storage/tables.ts';
import { dataFiles } from '../data-files.ts';

/** What a check of a data folder consists of. Where `environment` cannot be opened only `devices` can be looked at. */
export const partNames = [
  'environment',
  ...tableNames.map((table) => `table ${table}` as const),
  'queues',
  'sessions',
  'devices',
] as const;

export type PartName = (typeof partNames)[number];

/** Told where a part is, so that it is known when the process ends there. */
export type At = (where: string) => void;

/** Runs one part; answers how many rows it has read. */
export async function checkPart(
  data: string,
  part: PartName,
  at: At,
  found: (finding: Finding) => void,
): Promise<number> {
  if (part === 'devices') {
    const path = join(data, dataFiles.devices);
    if (existsSync(path)) for (const finding of checkDatabase(path)) found(finding);
    return 0;
  }
  const snapshot = new Snapshot(join(data, dataFiles.queues));
  try {
    const watched = new WatchedRows(snapshot, at);
    for (const finding of findings(part, snapshot, watched)) found(finding);
    return watched.read;
  } finally {
    await snapshot.close();
  }
}

function findings(part: Exclude<PartName, 'devices'>, snapshot: Snapshot, rows: WatchedRows): Iterable<Finding> {
  if (part === 'environment') return [];
  if (part === 'queues') return checkQueues(rows);
  if (part === 'sessions') return checkSessions(rows);
  return checkTable(part.slice('table '.length) as TableName, snapshot, rows);
}

/** Reads every page of a table: its keys rise, and there are as many as LMDB counts. Anything else is damage to pages. */
function* checkTable(table: TableName, snapshot: Snapshot, rows: StoredRows): Generator<Finding> {
  const where = `table ${table}`;
  let before: Buffer | undefined;
  let read = 0;
  for (const { key } of rows.rows(table)) {
    if (before !== undefined && Buffer.compare(before, key) >= 0) {
      yield { where, problem: `Pages are damaged: key ${key.toString('hex')} stands behind ${before.toString('hex')}` };
      return;
    }
    before = key;
    read++;
  }
  const counted = snapshot.count(table);
  if (read !== counted)
    yield { where, problem: `Pages are damaged: ${counted} rows were written and ${read} can be read` };
}

const rowsBetween = 256;

/** Says now and then where it is. */
class WatchedRows implements StoredRows {
  readonly #rows: StoredRows;
  readonly #at: At;
  read = 0;

  constructor(rows: StoredRows, at: At) {
    this.#rows = rows;
    this.#at = at;
  }

  get(table: TableName, key: Buffer): Buffer | undefined {
    return this.#rows.get(table, key);
  }

  *rows(table: TableName, from?: Buffer): ReturnType<StoredRows['rows']> {
    for (const row of this.#rows.rows(table, from)) {
      this.#passed(table, row.key);
      yield row;
    }
  }

  *keys(table: TableName, from?: Buffer): ReturnType<StoredRows['keys']> {
    for (const key of this.#rows.keys(table, from)) {
      this.#passed(table, key);
      yield key;
    }
  }

  #passed(table: TableName, key: Buffer): void {
    if (this.read++ % rowsBetween === 0) this.#at(`table ${table}, behind key ${key.toString('hex')}`);
  }
}
