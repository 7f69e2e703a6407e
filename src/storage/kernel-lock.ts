import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { SluiceError } from '../errors.ts';

/** How long it waits for one who only looks whether the file is held, in milliseconds. */
const lookMsMax = 200;
/** SQLite's `SQLITE_BUSY`. */
const busy = 5;

/**
 * Holds a file for as long as this process lives: Node has no call for a lock, and SQLite takes one of the kernel for an exclusive
 * transaction. It goes with the process, however that ends, and holds between containers on one machine. The file stays empty. It
 * goes with this object too: whoever drops it lets the file go.
 *
 * Nothing else in this process may open the file: closing it again would end the lock (POSIX, `fcntl`). SQLite knows that of its own.
 */
export class KernelLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Undefined where somebody else has it. */
  static take(path: string): KernelLock | undefined {
    const database = begun(path, 'BEGIN EXCLUSIVE');
    return database === undefined ? undefined : new KernelLock(database);
  }

  release(): void {
    this.#database.close();
  }
}

/** Whether somebody has it. To look is to share it for a moment. */
export function isTaken(path: string): boolean {
  if (!existsSync(path)) return false;
  const database = begun(path, 'BEGIN; SELECT 1 FROM sqlite_schema');
  database?.close();
  return database === undefined;
}

function begun(path: string, transaction: string): DatabaseSync | undefined {
  const database = opened(path);
  try {
    // In memory, since a journal beside it would be another file to leave behind.
    database.exec(`PRAGMA journal_mode = MEMORY; ${transaction}`);
    return database;
  } catch (problem) {
    database.close();
    if ((problem as { errcode?: number }).errcode === busy) return undefined;
    throw unusable(path, problem);
  }
}

function opened(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: lookMsMax });
  } catch (problem) {
    throw unusable(path, problem);
  }
}

function unusable(path: string, cause: unknown): SluiceError {
  const met = cause instanceof Error ? cause.message : String(cause);
  return new SluiceError('storage_failed', `Cannot lock "${path}": ${met}; let this user write to its folder`, {
    cause,
  });
}
