import type { Row, Transactor } from '../environment.ts';
import type { RowBatch } from '../row-batch.ts';
import type { TableName } from '../tables.ts';
import { SortedRows } from './sorted-rows.ts';

interface Transaction {
  readonly rows: RowBatch;
  readonly resolve: () => void;
}

/**
 * For tests: an environment in memory, which reads as the one on disk does. A transaction is durable in a later turn than
 * the one that asked for it, and a power cut loses those that are not.
 */
export class StorageDouble implements Transactor {
  readonly #tables: Map<TableName, SortedRows>;
  readonly #running: Transaction[] = [];
  #off = false;

  constructor(tables = new Map<TableName, SortedRows>()) {
    this.#tables = tables;
  }

  get(table: TableName, key: Buffer): Buffer | undefined {
    const value = this.#table(table).get(key);
    return value === undefined ? undefined : Buffer.from(value);
  }

  readRange(table: TableName, from: Buffer, to: Buffer, limit: number, bytesMax = Number.POSITIVE_INFINITY): Row[] {
    const rows: Row[] = [];
    let bytes = 0;
    for (const [key, value] of this.#table(table).between(from, to)) {
      if (rows.length >= limit || bytes >= bytesMax) break;
      rows.push({ key, value: Buffer.from(value) });
      bytes += value.length;
    }
    return rows;
  }

  readKeys(table: TableName, from: Buffer, to: Buffer, limit: number): Buffer[] {
    const keys: Buffer[] = [];
    for (const [key] of this.#table(table).between(from, to)) {
      if (keys.length >= limit) break;
      keys.push(key);
    }
    return keys;
  }

  transact(rows: RowBatch): Promise<void> {
    return new Promise((resolve) => {
      if (this.#off) return;
      this.#running.push({ rows, resolve });
      setImmediate(() => this.#finish());
    });
  }

  /** Loses what is not durable, and takes nothing any more; answers the storage as the next process finds it. */
  cutPower(): StorageDouble {
    this.#off = true;
    this.#running.length = 0;
    return new StorageDouble(this.#tables);
  }

  async close(): Promise<void> {
    while (this.#running.length > 0) this.#finish();
  }

  #finish(): void {
    const transaction = this.#running.shift();
    if (transaction === undefined) return;
    const { tables, keys, values } = transaction.rows;
    for (let i = 0; i < tables.length; i++) this.#table(tables[i]).set(keys.view(i), values[i]);
    transaction.resolve();
  }

  #table(name: TableName): SortedRows {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new SortedRows();
      this.#tables.set(name, table);
    }
    return table;
  }
}
