import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase, type Transaction } from 'lmdb';
import { SluiceError } from '../errors.ts';
import { checkFormat, type Row } from './environment.ts';
import { type TableName, tableNames } from './tables.ts';

type Binary = Database<Buffer, Buffer>;

const everyKey = Buffer.alloc(0);

/** Rows as a check reads them. */
export type StoredRows = Pick<Snapshot, 'get' | 'rows' | 'keys'>;

/** Something in a data folder that should not be so. */
export interface Finding {
  /** What it is about, as `queue "work", message 17`. */
  readonly where: string;
  /** A sentence. */
  readonly problem: string;
}

/**
 * One moment of the LMDB environment of a data folder, through a second reader: it takes no lock and writes nothing, so
 * that it can be open beside the process that writes. While it is open the pages of that moment are not used again, and the
 * file of a busy server grows.
 */
export class Snapshot {
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #tables = new Map<TableName, Binary>();
  readonly #transaction: Transaction;

  /** Throws `not_found` where there is no environment, and `conflict` where its format is another version's. */
  constructor(folder: string) {
    if (!existsSync(join(folder, 'data.mdb'))) {
      throw new SluiceError(
        'not_found',
        `Cannot read "${folder}": there is no data.mdb in it; name a data folder of Sluice`,
      );
    }
    this.#root = open({
      path: folder,
      readOnly: true,
      encoding: 'binary',
      keyEncoding: 'binary',
      maxDbs: tableNames.length,
    });
    try {
      this.#openTables();
      this.#transaction = this.#root.useReadTransaction();
      checkFormat(folder, this.get('meta', Buffer.from('format')));
    } catch (problem) {
      void this.#root.close();
      throw problem;
    }
  }

  get(table: TableName, key: Buffer): Buffer | undefined {
    return this.#tables.get(table)?.get(key, { transaction: this.#transaction });
  }

  /** How many rows LMDB counts, without reading them. */
  count(table: TableName): number {
    const stats = this.#tables.get(table)?.getStats() as { entryCount: number } | undefined;
    return stats?.entryCount ?? 0;
  }

  /** Copies of the rows from a key on, in key order, read as they are asked for. */
  *rows(table: TableName, from: Buffer = everyKey): Generator<Row> {
    yield* this.#tables.get(table)?.getRange({ ...startOf(from), transaction: this.#transaction }) ?? [];
  }

  /** As `rows`, the keys alone. */
  *keys(table: TableName, from: Buffer = everyKey): Generator<Buffer> {
    yield* this.#tables.get(table)?.getKeys({ ...startOf(from), transaction: this.#transaction }) ?? [];
  }

  /** Writes the environment of this moment, or of a later one, into an empty folder: its rows without the free pages. */
  copyTo(folder: string): Promise<void> {
    return this.#root.backup(folder, true);
  }

  async close(): Promise<void> {
    this.#transaction.done();
    await this.#root.close();
  }

  #openTables(): void {
    for (const name of tableNames) {
      // Undefined where the table is not there: a folder of another version has fewer.
      const table = this.#root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' }) as Binary | undefined;
      if (table !== undefined) this.#tables.set(name, table);
    }
  }
}

function startOf(from: Buffer): { start?: Buffer } {
  return from.length === 0 ? {} : { start: from };
}
