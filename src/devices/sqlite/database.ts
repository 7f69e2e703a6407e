import { DatabaseSync } from 'node:sqlite';
import { migrations } from './migrations.ts';

/** Opens the file for the one thread that writes, and brings its tables up to date. */
export function openForWriting(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  // FULL, because WAL at NORMAL may lose the last commits with the power [sqlite.org/pragma.html#pragma_synchronous].
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -65536;
    PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
  `);
  migrate(database);
  return database;
}

export function openForReading(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
}

/** Runs `body` as one transaction; what it throws, or the commit throws, undoes all of it. */
export function transaction<T>(database: DatabaseSync, body: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const value = body();
    database.exec('COMMIT');
    return value;
  } catch (problem) {
    rollBack(database);
    throw problem;
  }
}

/** Undoes the open transaction. Some errors (a full disk, an I/O error) have ended it already. */
export function rollBack(database: DatabaseSync): void {
  if (database.isTransaction) database.exec('ROLLBACK');
}

/** How long to wait for a reader of another program that holds a lock. */
const busyTimeoutMs = 5000;

function migrate(database: DatabaseSync): void {
  const { user_version: taken } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (taken > migrations.length) {
    throw new Error(
      `Cannot open the device store: its tables are of version ${taken}, this program knows up to ${migrations.length}`,
    );
  }
  for (let version = taken; version < migrations.length; version++) {
    transaction(database, () => {
      database.exec(migrations[version]);
      database.exec(`PRAGMA user_version = ${version + 1}`);
    });
  }
}
