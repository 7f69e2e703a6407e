import { PackedKeys } from './packed-keys.ts';
import { keyBytesMax, type TableName } from './tables.ts';

/** The rows of one transaction, in parallel arrays: a value puts, undefined removes. A later row of the same key wins. */
export class RowBatch {
  readonly tables: TableName[] = [];
  readonly keys = new PackedKeys();
  readonly values: (Buffer | undefined)[] = [];

  get size(): number {
    return this.tables.length;
  }

  /** The key is copied; the value belongs to the batch from now on and must not change. */
  put(table: TableName, key: Buffer, value: Buffer): void {
    checkKey(table, key);
    this.tables.push(table);
    this.keys.push(key);
    this.values.push(value);
  }

  /** Removing a row that is not there changes nothing. */
  remove(table: TableName, key: Buffer): void {
    checkKey(table, key);
    this.tables.push(table);
    this.keys.push(key);
    this.values.push(undefined);
  }
}

/** Throws a RangeError for a key that LMDB would not take, before anything of its batch is written. */
export function checkKey(table: TableName, key: Buffer): void {
  if (key.length > 0 && key.length <= keyBytesMax) return;
  throw new RangeError(
    `Cannot write to table "${table}": a key has 1 to ${keyBytesMax} bytes, this one has ${key.length}`,
  );
}
