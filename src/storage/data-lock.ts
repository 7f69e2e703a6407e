import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { SluiceError } from '../errors.ts';
import { makeFolders } from '../std/folders.ts';
import { isTaken, KernelLock } from './kernel-lock.ts';

/**
 * Keeps two processes from opening one data folder, also those of two containers: see docs/decisions/0152. The kernel holds the
 * lock; the file `sluice.lock` says for whoever is refused who has it, and counts for nothing else.
 */
export class DataLock {
  readonly #owner: string;
  readonly #lock: KernelLock;

  /** Throws `unavailable` when a living process holds the folder. */
  constructor(folder: string) {
    makeFolders(folder);
    this.#owner = ownerIn(folder);
    const lock = KernelLock.take(lockIn(folder));
    if (lock === undefined) throw held(folder, read(this.#owner));
    this.#lock = lock;
    writeFileSync(this.#owner, `${process.pid} ${hostname()}`);
  }

  release(): void {
    rmSync(this.#owner, { force: true });
    this.#lock.release();
  }
}

/** Whether a living process holds the folder. */
export function isHeld(folder: string): boolean {
  return isTaken(lockIn(folder));
}

function lockIn(folder: string): string {
  return join(folder, 'held.lock');
}

function ownerIn(folder: string): string {
  return join(folder, 'sluice.lock');
}

function held(folder: string, owner: string | undefined): SluiceError {
  const [, pid, host] = /^(\d+) (\S+)$/.exec(owner ?? '') ?? [];
  // Who has just begun has not said so yet.
  const process = pid === undefined ? 'another process' : `process ${pid}`;
  const place = host === undefined || host === hostname() ? '' : ` on host "${host}"`;
  return new SluiceError(
    'unavailable',
    `Cannot open data folder "${folder}": ${process}${place} has it open; stop it first`,
    { detail: { folder, ...(pid === undefined ? {} : { pid: Number(pid), host }) } },
  );
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw problem;
  }
}
