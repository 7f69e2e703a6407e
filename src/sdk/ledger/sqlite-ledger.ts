import type { DatabaseSync } from 'node:sqlite';
import type { Ledger } from '../idempotent.ts';

export interface SqliteLedgerOptions {
  /** Keys are forgotten after this; longer than a message can stay in its queue. Default 30 days. */
  readonly keepMs?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/**
 * Keys in a SQLite file, which may hold the results too: the effect changes them in the transaction that remembers the key. Several
 * processes may share the file.
 */
export class SqliteLedger implements Ledger<DatabaseSync> {
  /** For what the effects change. */
  readonly database: DatabaseSync;
  readonly #keepMs: number;
  readonly #now: () => number;

  /** Throws where the Node that runs the program has no `node:sqlite`. */
  constructor(path: string, { keepMs = 30 * 86_400_000, now = Date.now }: SqliteLedgerOptions = {}) {
    this.database = new (sqlite().DatabaseSync)(path, { timeout: lockWaitMs });
    this.#keepMs = keepMs;
    this.#now = now;
    this.database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS sluice_done (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS sluice_done_at ON sluice_done (at);
    `);
  }

  has(key: string): boolean {
    return this.database.prepare('SELECT 1 FROM sluice_done WHERE key = ?').get(key) !== undefined;
  }

  once(key: string, effect: (database: DatabaseSync) => void): boolean {
    const now = this.#now();
    this.database.exec('BEGIN IMMEDIATE');
    try {
      const { changes } = this.database.prepare('INSERT OR IGNORE INTO sluice_done VALUES (?, ?)').run(key, now);
      if (Number(changes) > 0) {
        effect(this.database);
        this.database.prepare('DELETE FROM sluice_done WHERE at < ?').run(now - this.#keepMs);
      }
      this.database.exec('COMMIT');
      return Number(changes) > 0;
    } catch (problem) {
      this.database.exec('ROLLBACK');
      throw problem;
    }
  }

  close(): void {
    this.database.close();
  }
}

/** How long a process waits for another one's transaction. */
const lockWaitMs = 10_000;

/** Asked for when the first ledger is opened: the rest of the SDK runs on a Node that does not have it. */
function sqlite(): typeof import('node:sqlite') {
  // A Node that is too old to have this function has no `node:sqlite` either.
  const found = process.getBuiltinModule?.('node:sqlite');
  if (found !== undefined) return found;
  throw new Error(
    `Cannot open a SqliteLedger: it needs Node 22.13 or newer, which has node:sqlite, and this is Node ${process.versions.node}; a MemoryLedger runs on any`,
  );
}
