import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder, with those above it, where it is not there; throws what the system says where it cannot be. Node's own recursion
 * never ends where nothing can be made in a folder that is there, as below `/proc`.
 */
export function makeFolders(folder: string, mode?: number): void {
  if (isMade(folder, mode)) return;
  makeFolders(dirname(folder), mode);
  mkdirSync(folder, { mode });
}

/** Whether it is there now; false where a folder above it has to be made first. */
function isMade(folder: string, mode: number | undefined): boolean {
  try {
    mkdirSync(folder, { mode });
    return true;
  } catch (problem) {
    const { code } = problem as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(folder) !== folder) return false;
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return true;
    throw problem;
  }
}
