import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../errors.ts';

/**
 * Keeps two processes from opening one data folder: the file `sluice.lock` holds the owner's process id and, where the
 * system tells, when that process started, so that a number that was given to another process since is not taken for it.
 */
export class DataLock {
  readonly #path: string;
  readonly #owner: string;

  /** Throws `unavailable` when a living process holds the folder. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#path = pathIn(folder);
    this.#owner = describe(process.pid);
    while (!this.#create()) this.#clearStale(folder);
  }

  release(): void {
    if (read(this.#path) === this.#owner) unlinkSync(this.#path);
  }

  #create(): boolean {
    try {
      writeFileSync(this.#path, this.#owner, { flag: 'wx' });
      return true;
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw problem;
    }
  }

  /** Takes a dead owner's file away. Of two processes that try at once only one gets the file it has judged. */
  #clearStale(folder: string): void {
    const found = read(this.#path);
    if (found === undefined) return;
    if (lives(found)) throw held(folder, found);
    const aside = `${this.#path}.${process.pid}`;
    try {
      renameSync(this.#path, aside);
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw problem;
    }
    const taken = read(aside);
    if (taken !== undefined && taken !== found && lives(taken)) linkSync(aside, this.#path);
    unlinkSync(aside);
  }
}

/** Whether a living process holds the folder. */
export function isHeld(folder: string): boolean {
  const owner = read(pathIn(folder));
  return owner !== undefined && lives(owner);
}

function pathIn(folder: string): string {
  return join(folder, 'sluice.lock');
}

function held(folder: string, owner: string): SluiceError {
  const pid = owner.split(' ')[0];
  return new SluiceError(
    'unavailable',
    `Cannot open data folder "${folder}": process ${pid} has it open; stop it first`,
    {
      detail: { folder, pid: Number(pid) },
    },
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

function lives(owner: string): boolean {
  const pid = Number(owner.split(' ')[0]);
  // A file that was cut short by a power loss has no owner.
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code === 'EPERM';
  }
  return describe(pid) === owner;
}

function describe(pid: number): string {
  return `${pid} ${startedAt(pid)}`;
}

/** Start time of a process in clock ticks since boot and the boot's id, from Linux's /proc; 'unknown' elsewhere. */
function startedAt(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  const boot = read('/proc/sys/kernel/random/boot_id');
  if (stat === undefined || boot === undefined) return 'unknown';
  // The second field is the program's name in parentheses and may hold spaces; the start time is field 22.
  return `${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]} ${boot.trim()}`;
}
