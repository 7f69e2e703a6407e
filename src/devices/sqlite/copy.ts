import { openForReading } from './database.ts';

/** Writes one moment of the database into a new file, while its server may go on writing; free pages are left out. */
export function copyDatabase(path: string, target: string): void {
  const database = openForReading(path);
  try {
    database.prepare('VACUUM INTO ?').run(target);
  } finally {
    database.close();
  }
}
