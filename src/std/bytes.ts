/**
 * Where encoders put bytes: a buffer with a write position that the owner hands out and takes back.
 * An encoder calls `reserve(size)` first, then writes into `buffer` at `position` and advances `position`.
 */
export interface ByteSink {
  buffer: Buffer;
  position: number;
  /** Makes at least `size` bytes free in `buffer` behind `position`. May replace `buffer` and reset `position`. */
  reserve(size: number): void;
  /**
   * Puts a copy of `bytes` from `start` up to `end` behind what is written so far. `lasting` bytes do not change any more:
   * from `referenceBytesMin` on a sink may keep a reference to them instead.
   */
  append(bytes: Buffer, start: number, end: number, lasting: boolean): void;
}

/** From this size on copying bytes costs more than sending them from where they lie. */
export const referenceBytesMin = 16 * 1024;

/** Memory that is lent for a while, and longer where somebody holds it: it is used again when the last one let it go. */
export interface HeldMemory {
  /** False where the bytes do not lie in memory that is lent now, so that they have to be copied to be kept. */
  hold(bytes: Buffer): boolean;
  /** `bytes` may be any part of what is held. */
  letGo(bytes: Buffer): void;
  /** As `letGo`, where somebody nobody hears of may still look at it: it is never used again. What is not lent is left alone. */
  abandon(bytes: Buffer): void;
}

/** A copy in memory of its own. `Buffer.from` takes it from a pool, where one that stays keeps 8 KiB of others that are gone. */
export function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** A sink that grows, for tests and for encodings that are kept. */
export class ByteWriter implements ByteSink {
  buffer: Buffer;
  position = 0;

  constructor(capacity = 256) {
    this.buffer = Buffer.allocUnsafe(capacity);
  }

  reserve(size: number): void {
    if (this.position + size <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.position + size));
    this.buffer.copy(grown, 0, 0, this.position);
    this.buffer = grown;
  }

  append(bytes: Buffer, start: number, end: number): void {
    this.reserve(end - start);
    this.position += bytes.copy(this.buffer, this.position, start, end);
  }

  /** A view of what was written so far. */
  bytes(): Buffer {
    return this.buffer.subarray(0, this.position);
  }
}
