import type { Finding } from '../../storage/snapshot.ts';
import { openForReading } from './database.ts';

const where = 'devices';

/** What SQLite's own check finds in the database, pages and indexes. */
export function* checkDatabase(path: string): Generator<Finding> {
  try {
    const database = openForReading(path);
    try {
      for (const row of database.prepare('PRAGMA integrity_check').all()) {
        if (row.integrity_check !== 'ok') yield { where, problem: String(row.integrity_check) };
      }
    } finally {
      database.close();
    }
  } catch (problem) {
    yield { where, problem: `It cannot be read: ${(problem as Error).message}` };
  }
}
