import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { activeRollout } from '../../devices/rollout.ts';
import { SluiceError } from '../../errors.ts';
import type { Clock, Timer } from '../../std/clock.ts';
import type { Log } from '../../std/log.ts';
import type { DriverChoices, DriverMatch, DriverRef } from '../driver.ts';

/** A driver as it stands in a folder of its own. */
export type FolderDriver = DriverRef & DriverMatch & { readonly script: string };

export interface DriverFolderWatchOptions {
  /** Has a folder for each driver. */
  readonly folder: string;
  /** Files of such a folder that tell whether it changed. */
  readonly files: readonly string[];
  /** Reads such a folder. */
  readonly read: (folder: string) => Promise<FolderDriver>;
  readonly host: {
    add(driver: FolderDriver & { readonly folder: string }): Promise<void>;
    remove(ref: DriverRef): boolean;
    readonly choices: Pick<DriverChoices, 'place'>;
  };
  readonly clock: Clock;
  readonly log: Log;
}

/** How often the files are looked at. Looking works on every file system, where being told of changes does not. */
const lookMs = 1_000;
const foldersMax = 128;

/**
 * Duty: loads the drivers of a folder, and again what changes there. A driver that does not load is logged, and the last good one
 * stays; so does one whose files are gone, until the next start, since a file that is being replaced may be gone for a moment.
 * Each content has a version of its own, `1.0.0+` and a part of its hash, so that history names what really decoded.
 */
export class DriverFolderWatch {
  readonly name = 'driver folder';
  readonly #options: DriverFolderWatchOptions;
  /** By name of the folder: at most `foldersMax`. */
  readonly #seen = new Map<string, Seen>();
  #timer: Timer | undefined;
  #stopped = false;
  /** So that it is logged once, and not with every look. */
  #unreadable = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: DriverFolderWatchOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.look();
    this.#wait();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  /** Loads what changed since the look before. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  #wait(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(lookMs, () => void this.look().then(() => this.#wait()));
  }

  async #look(): Promise<void> {
    const { folder, log } = this.#options;
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      this.#unreadable = false;
      const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
      if (folders.length > foldersMax) {
        log.warn(`Keep at most ${foldersMax} drivers in a folder: the others are not loaded`, { folder });
      }
      for (const { name } of folders.slice(0, foldersMax)) await this.#lookAt(name);
    } catch (problem) {
      if (!this.#unreadable) {
        log.warn('Cannot read the folder of drivers, and looks again; those that are loaded stay', { folder, problem });
      }
      this.#unreadable = true;
    }
  }

  async #lookAt(name: string): Promise<void> {
    const { folder, read, log } = this.#options;
    const before = this.#seen.get(name);
    const stamp = await this.#stampOf(join(folder, name));
    if (stamp === undefined || stamp === before?.stamp) return;
    const seen: Seen = { stamp, current: before?.current, previous: before?.previous };
    this.#seen.set(name, seen);
    try {
      await this.#use(withHash(await read(join(folder, name))), join(folder, name), seen);
    } catch (problem) {
      // Trouble of the host, such as processes that do not start, passes; what is wrong with the driver does not.
      if (problem instanceof SluiceError && problem.code === 'unavailable') seen.stamp = '';
      log.error('A driver of the folder does not load; the last good one stays', { name, problem });
    }
  }

  /** Undefined while a file is not there. What keeps one from being looked at is told once, when it is read in vain. */
  async #stampOf(folder: string): Promise<string | undefined> {
    try {
      const stats = await Promise.all(this.#options.files.map((file) => stat(join(folder, file))));
      return stats.map(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`).join('\n');
    } catch (problem) {
      const { code, message } = problem as NodeJS.ErrnoException;
      // ENOTDIR: a link that leads to a file.
      return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : message;
    }
  }

  /** The version before stays loaded, for messages that were given to it; the one before that goes. */
  async #use(driver: FolderDriver, folder: string, seen: Seen): Promise<void> {
    const { host, log } = this.#options;
    const { current, previous } = seen;
    if (current !== undefined && isSame(current, driver)) return;
    await host.add({ ...driver, folder });
    host.choices.place(driver, activeRollout);
    if (current !== undefined)
      host.choices.place(current, { stage: 'off', share: 0, reason: 'Replaced in its folder' });
    if (previous !== undefined && !isSame(previous, driver)) host.remove(previous);
    seen.current = driver;
    seen.previous = current;
    log.info('A driver of the folder is loaded', { driver: driver.id, version: driver.version });
  }
}

interface Seen {
  stamp: string;
  current: DriverRef | undefined;
  previous: DriverRef | undefined;
}

function withHash(driver: FolderDriver): FolderDriver {
  const { id, deviceType, firmware, script, version } = driver;
  const hash = createHash('sha256')
    .update(JSON.stringify([deviceType, firmware, script]))
    .digest('hex')
    .slice(0, 12);
  return { id, version: `${version}+${hash}`, deviceType, firmware, script };
}

function isSame(a: DriverRef, b: DriverRef): boolean {
  return a.id === b.id && a.version === b.version;
}
