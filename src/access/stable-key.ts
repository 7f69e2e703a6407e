import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const keyBytes = 32;

/** A secret key that is made at the first start and read at every other; only its owner may read the file. */
export function stableKey(file: string): Buffer {
  try {
    writeFileSync(file, randomBytes(keyBytes), { flag: 'wx', mode: 0o600 });
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code !== 'EEXIST') throw problem;
  }
  const key = readFileSync(file);
  if (key.length === keyBytes) return key;
  // Cut short by a crash: nothing but made-up salts follows from it.
  writeFileSync(file, randomBytes(keyBytes), { mode: 0o600 });
  return readFileSync(file);
}
