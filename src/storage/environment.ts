import { type Database, open, type RootDatabase } from 'lmdb';
import { SluiceError } from '../errors.ts';
import { DataLock } from './data-lock.ts';
import type { RowBatch } from './row-batch.ts';
import { formatVersion, type TableName, tableNames } from './tables.ts';

/** What group commit needs of storage: durable transactions, one at a time. */
export interface Transactor {
  /** Resolves when all rows are on disk, flushed; rejects when none of them is. */
  transact(rows: RowBatch): Promise<void>;
}

export interface Row {
  readonly key: Buffer;
  readonly value: Buffer;
}

type Binary = Database<Buffer, Buffer>;

/**
 * The LMDB environment of one data folder: named tables with binary keys and values. Reads are synchronous and see what
 * was committed last. The file grows as it must; LMDB maps it anew by itself.
 */
export class Environment implements Transactor {
  readonly folder: string;
  readonly #lock: DataLock;
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #tables: Readonly<Record<TableName, Binary>>;
  readonly #onDamage: (problem: SluiceError) => void;

  /**
   * Throws `unavailable` where another process has the folder open and `conflict` where its format is another version's.
   * `onDamage` is told of every page that cannot be read: what is written from then on would lie on top of the damage.
   */
  constructor(folder: string, onDamage: (problem: SluiceError) => void = () => undefined) {
    this.folder = folder;
    this.#onDamage = onDamage;
    this.#lock = new DataLock(folder);
    try {
      this.#root = openRoot(folder);
      this.#tables = openTables(this.#root);
      settleFormat(folder, this.#tables.meta);
    } catch (problem) {
      this.#lock.release();
      throw problem;
    }
  }

  /** A copy of the value. As every read, throws `storage_failed` where LMDB meets a page that cannot be one. */
  get(table: TableName, key: Buffer): Buffer | undefined {
    try {
      return this.#tables[table].get(key);
    } catch (problem) {
      throw this.#unreadable(table, problem);
    }
  }

  has(table: TableName, key: Buffer): boolean {
    try {
      return this.#tables[table].doesExist(key);
    } catch (problem) {
      throw this.#unreadable(table, problem);
    }
  }

  /** How many rows there are; reads none of them. */
  count(table: TableName): number {
    return (this.#tables[table].getStats() as { entryCount: number }).entryCount;
  }

  /** Bytes of pages in the file that hold nothing: what was removed makes room there, since the file never shrinks. */
  get reusableBytes(): number {
    const root = this.#root.getStats() as RootStats;
    const tables = tableNames.map((name) => this.#tables[name].getStats() as TreeStats);
    const used = [root, root.free, ...tables].reduce((sum, tree) => sum + pagesOf(tree), metaPages);
    return Math.max(0, root.lastPageNumber + 1 - used) * root.pageSize;
  }

  /**
   * Copies of the rows with `from` ≤ key < `to`, in key order: at most `limit`, and no more once their values hold
   * `bytesMax` bytes. At least one row, where there is one.
   */
  readRange(table: TableName, from: Buffer, to: Buffer, limit: number, bytesMax = Number.POSITIVE_INFINITY): Row[] {
    const rows: Row[] = [];
    let bytes = 0;
    try {
      for (const row of this.#tables[table].getRange({ start: from, end: to, limit })) {
        rows.push(row);
        bytes += row.value.length;
        if (bytes >= bytesMax) break;
      }
      return rows;
    } catch (problem) {
      throw this.#unreadable(table, problem);
    }
  }

  /** As `readRange`, the keys alone. */
  readKeys(table: TableName, from: Buffer, to: Buffer, limit: number): Buffer[] {
    try {
      return [...this.#tables[table].getKeys({ start: from, end: to, limit })];
    } catch (problem) {
      throw this.#unreadable(table, problem);
    }
  }

  /** The highest key of a table; undefined where it is empty. */
  lastKey(table: TableName): Buffer | undefined {
    try {
      const [last] = this.#tables[table].getKeys({ reverse: true, limit: 1 });
      return last;
    } catch (problem) {
      throw this.#unreadable(table, problem);
    }
  }

  /**
   * What one `batch` of lmdb holds is one block of instructions, and its writer thread commits only between blocks. (A
   * synchronous transaction would cut a block in two, so nothing here runs one after open.) Of the batch's promise alone
   * is told whether it failed; with event-turn batching there would be a second one that nobody could handle.
   */
  async transact(rows: RowBatch): Promise<void> {
    const { tables, keys, values } = rows;
    try {
      await this.#root.batch(() => {
        for (let i = 0; i < tables.length; i++) {
          const value = values[i];
          if (value === undefined) this.#tables[tables[i]].remove(keys.view(i));
          else this.#tables[tables[i]].put(keys.view(i), value);
        }
      });
    } catch (problem) {
      throw await commitProblem(problem);
    }
  }

  /**
   * Forgets readers of other processes that are gone without saying so, as a backup that was killed. Until then no page
   * that was in use at their moment is used again, and the file grows with every commit. Answers how many there were.
   */
  forgetDeadReaders(): number {
    return this.#root.readerCheck();
  }

  /** Waits for the running commit, then lets the folder go. */
  async close(): Promise<void> {
    await this.#root.close();
    this.#lock.release();
  }

  #unreadable(table: TableName, cause: unknown): SluiceError {
    const problem = new SluiceError(
      'storage_failed',
      `Cannot read table "${table}": ${(cause as Error).message}; see what \`sluice doctor\` says of "${this.folder}"`,
      { cause },
    );
    this.#onDamage(problem);
    return problem;
  }
}

/** What lmdb tells of one tree of pages, and of the whole file. */
interface TreeStats {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

interface RootStats extends TreeStats {
  readonly pageSize: number;
  readonly lastPageNumber: number;
  /** The tree that names the free pages. */
  readonly free: TreeStats;
}

const metaPages = 2;

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: TreeStats): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
}

function openRoot(folder: string): RootDatabase<Buffer, Buffer> {
  return open({
    path: folder,
    encoding: 'binary',
    keyEncoding: 'binary',
    maxDbs: tableNames.length,
    eventTurnBatching: false,
    // With the default, power cuts left files that could not be opened again. Without it a commit returns after fdatasync.
    overlappingSync: false,
  });
}

/** Opens every table at once, because opening one is a synchronous transaction. */
function openTables(root: RootDatabase<Buffer, Buffer>): Record<TableName, Binary> {
  const opened = tableNames.map((name) => [name, root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' })]);
  return Object.fromEntries(opened) as Record<TableName, Binary>;
}

/** Writes the format of a new folder, and throws `conflict` for one that another version has written. */
function settleFormat(folder: string, meta: Binary): void {
  const found = meta.get(formatKey);
  if (found !== undefined) {
    checkFormat(folder, found);
    return;
  }
  const version = Buffer.alloc(4);
  version.writeUInt32BE(formatVersion);
  meta.putSync(formatKey, version);
}

const formatKey = Buffer.from('format');

/** Throws `conflict` where the format is another version's. */
export function checkFormat(folder: string, found: Buffer | undefined): void {
  const version = found?.length === 4 ? found.readUInt32BE(0) : 'none';
  if (version === formatVersion) return;
  throw new SluiceError(
    'conflict',
    `Cannot open data folder "${folder}": expected format version ${formatVersion}, met ${version}; open it with the Sluice that wrote it, or name an empty folder`,
    { detail: { expected: formatVersion, met: version } },
  );
}

/** lmdb rejects with a general error and leaves LMDB's own in a promise beside it, which must be handled too. */
async function commitProblem(problem: unknown): Promise<Error> {
  const { commitError } = problem as { commitError?: Promise<unknown> };
  if (commitError === undefined) return problem as Error;
  return commitError.then(
    () => problem as Error,
    (cause: unknown) => cause as Error,
  );
}
