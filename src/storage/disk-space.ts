import { statfsSync } from 'node:fs';
import { SluiceError } from '../errors.ts';
import type { Clock, Timer } from '../std/clock.ts';
import type { Part } from '../std/lifecycle.ts';
import type { Log } from '../std/log.ts';

/** What the rows of a batch take on disk at most, for each of their bytes: half-empty pages, and the pages above them. */
const pagesForBytes = 2;

/** What other programs write is seen by the next measurement. */
const measureMs = 1_000;

export interface DiskSpaceParts {
  /** What is kept free; 0 keeps nothing free. */
  readonly freeBytesMin: number;
  /** Bytes that can still be written: free on the disk, and free inside of the files that are there. */
  readonly measure: () => number;
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Closes the door before the disk is full: removing rows needs pages too, so that a disk that is full to the last byte
 * cannot be drained. Below the reserve nothing new is accepted, and copies wait; consumers and moves go on with what is
 * reserved, and what they remove makes the room in which publishing goes on.
 */
export class DiskSpace implements Part {
  readonly name = 'disk-space';
  readonly #parts: DiskSpaceParts;
  /** When it was measured last; NaN where it never is, and where it could not be. */
  freeBytes = Number.NaN;
  #left = 0;
  #unflushed = 0;
  #refusal: SluiceError | undefined;
  #timer: Timer | undefined;
  /** The last measurement failed. */
  #isUnknown = false;

  constructor(parts: DiskSpaceParts) {
    this.#parts = parts;
    this.#look();
  }

  /** Why nothing new is accepted now; undefined while there is room. */
  get refusal(): SluiceError | undefined {
    return this.#refusal;
  }

  start(): void {
    this.#look();
    this.#timer = this.#parts.clock.after(measureMs, () => this.start());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** So many bytes are to be written. */
  staged(bytes: number): void {
    this.#unflushed += bytes;
    this.#left -= bytes * pagesForBytes;
    if (this.#left < 0 && this.#refusal === undefined) this.#look();
  }

  /** So many bytes are written. */
  flushed(bytes: number): void {
    this.#unflushed -= bytes;
  }

  /** NaN where the system does not say: what was so stays so, until it does again. */
  #measured(measure: () => number): number {
    const { log, folder } = this.#parts;
    try {
      const free = measure();
      this.#isUnknown = false;
      return free;
    } catch (problem) {
      if (!this.#isUnknown)
        log.error('Cannot tell how much of the disk is free: see what is mounted', { folder, problem });
      this.#isUnknown = true;
      return Number.NaN;
    }
  }

  #look(): void {
    const { freeBytesMin, measure, log, folder } = this.#parts;
    if (freeBytesMin === 0) {
      this.#left = Number.POSITIVE_INFINITY;
      return;
    }
    const free = this.#measured(measure);
    this.freeBytes = free;
    if (Number.isNaN(free)) {
      // Not with each message again: the next look is the timer's.
      this.#left = Number.POSITIVE_INFINITY;
      return;
    }
    this.#left = free - this.#unflushed * pagesForBytes - freeBytesMin;
    if (this.#left >= 0) {
      if (this.#refusal !== undefined)
        log.info('There is room on the disk again: publishing goes on', { folder, freeBytes: free });
      this.#refusal = undefined;
    } else if (this.#refusal === undefined) {
      this.#refusal = diskFull(free, freeBytesMin);
      log.error('The disk is nearly full: nothing new is accepted until there is room', {
        folder,
        freeBytes: free,
        freeBytesMin,
      });
    }
  }
}

/** Bytes that this process may still write to the file system of the folder. */
export function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function diskFull(freeBytes: number, freeBytesMin: number): SluiceError {
  const mebibytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`;
  return new SluiceError(
    'disk_full',
    `Cannot store: ${mebibytes(Math.max(0, freeBytes))} are free for the data folder and ${mebibytes(freeBytesMin)} are kept free; send again when there is room`,
    { detail: { freeBytes, freeBytesMin } },
  );
}
