import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const imageBytes = 1 << 30;
const probeBytes = 16 << 20;

/**
 * EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH [linux/fs/ext4/ext4.h]: from now on the file system writes nothing,
 * also not what waits in its caches and its journal. What was flushed is on the device, and little else.
 */
const cutProgram = `
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))
`;

/** An ext4 file system of its own on a loop device, which can lose its power. Needs root. */
export class CuttableDisk {
  /** Where it is mounted. */
  readonly folder: string;
  readonly #home = mkdtempSync(join(tmpdir(), 'sluice-disk-'));
  #device: string | undefined;
  #mounted = false;

  /** Throws what the system said where it lets nobody make one. */
  constructor(bytes = imageBytes) {
    const image = join(this.#home, 'image');
    this.folder = join(this.#home, 'disk');
    mkdirSync(this.folder);
    writeFileSync(image, '');
    truncateSync(image, bytes);
    try {
      system('mkfs.ext4', '-q', '-F', image);
      this.#device = system('losetup', '--find', '--show', image).trim();
      this.#mount();
    } catch (problem) {
      this.remove();
      throw problem;
    }
  }

  cut(): void {
    system('python3', '-c', cutProgram, this.folder);
  }

  /** Mounts it again, as a machine does that has its power back: from what the device holds. */
  restore(): void {
    system('umount', this.folder);
    this.#mounted = false;
    this.#mount();
  }

  remove(): void {
    if (this.#mounted) system('umount', this.folder);
    if (this.#device !== undefined) system('losetup', '--detach', this.#device);
    rmSync(this.#home, { recursive: true });
  }

  /** As `remove`, while somebody may have files open still. */
  abandon(): void {
    system('umount', '--lazy', this.folder);
    system('losetup', '--detach', this.#device as string);
    rmSync(this.#home, { recursive: true });
  }

  #mount(): void {
    system('mount', '-t', 'ext4', this.#device as string, this.folder);
    this.#mounted = true;
  }
}

/** Why this machine gives no such disk, or false where it does. */
export function noCuttableDisk(): string | false {
  if (process.getuid?.() !== 0) return 'only root may mount a file system and take its power away';
  try {
    new CuttableDisk(probeBytes).remove();
    return false;
  } catch (problem) {
    return `cannot mount a file system on a loop device: ${(problem as Error).message.trim()}`;
  }
}

function system(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
