import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SluiceError } from '../errors.ts';
import { makeFolders } from '../std/folders.ts';

/**
 * Makes a folder whole or not at all: `fill` works in one beside it, which takes its place when all of it is on disk. Throws
 * `conflict` where there is something in the folder already.
 */
export async function makeFolder<T>(folder: string, verb: string, fill: (partial: string) => Promise<T>): Promise<T> {
  const problem = existsSync(folder) ? problemOf(folder) : undefined;
  if (problem !== undefined) throw new SluiceError('conflict', `Cannot ${verb} "${folder}": ${problem}`);
  const partial = `${folder}.partial-${process.pid}`;
  // In a container every process has the same number: what one that was killed left behind is not part of this.
  rmSync(partial, { recursive: true, force: true });
  makeFolders(partial, 0o700);
  try {
    const made = await fill(partial);
    flush(partial);
    renameSync(partial, folder);
    flush(dirname(folder));
    return made;
  } catch (problem) {
    rmSync(partial, { recursive: true, force: true });
    throw problem;
  }
}

/** Why no other folder can take the place of this one. */
function problemOf(folder: string): string | undefined {
  const found = statSync(folder);
  if (!found.isDirectory()) return 'it is no folder; name one that is not there yet';
  // Neither an NFS share nor a volume of a container can be renamed over.
  if (found.dev !== statSync(dirname(folder)).dev) return 'something is mounted there; name a folder inside of it';
  return readdirSync(folder).length > 0 ? 'it is not empty; name a folder that is not there yet' : undefined;
}

/** Brings a file, or the entries of a folder, to disk. */
export function flush(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
