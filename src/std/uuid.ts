import { randomFillSync } from 'node:crypto';
import type { Clock } from './clock.ts';

/**
 * Makes UUIDs of version 7, RFC 9562 section 5.7: they sort by the time at which they were made, those of one source also
 * within a millisecond (a counter stands in `rand_a`, method 1 of section 6.2).
 *
 *   0                   6        8           10
 *   +-------------------+--------+-----------+------------------+
 *   | unix_ts_ms        | 7|count| 10|rand_b | rand_b           |
 *   | u48               | 4+12   | 2+14      | 48               |
 *   +-------------------+--------+-----------+------------------+
 */
export class UuidSource {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #fill: (bytes: Buffer) => void;
  readonly #random = Buffer.alloc(randomBytes);
  #randomAt = randomBytes;
  /** The last one, as it is written. */
  readonly #text = Buffer.from('00000000-0000-7000-8000-000000000000');
  #time = 0;
  #count = 0;

  constructor(clock: Pick<Clock, 'now'>, fill: (bytes: Buffer) => void = randomFillSync) {
    this.#clock = clock;
    this.#fill = fill;
  }

  next(): string {
    if (this.#randomAt + bytesPerUuid > randomBytes) this.#refill();
    const random = this.#random;
    const at = this.#randomAt;
    this.#randomAt += bytesPerUuid;
    this.#advance(random.readUInt16BE(at));
    const text = this.#text;
    writeHex(text, 14, 0x7000 | this.#count);
    writeHex(text, 19, 0x8000 | (random.readUInt16BE(at + 2) & 0x3fff));
    for (let i = 0; i < 6; i += 2) writeHex(text, 24 + 2 * i, random.readUInt16BE(at + 4 + i));
    return text.toString('latin1');
  }

  /** Counts up within a millisecond, from a random start in the lower half; a full counter or a clock that went back borrows from the future. */
  #advance(random: number): void {
    const now = this.#clock.now();
    if (now <= this.#time && this.#count < countMax) {
      this.#count++;
      return;
    }
    this.#setTime(Math.max(now, this.#time + 1));
    this.#count = random & 0x7ff;
  }

  #setTime(time: number): void {
    this.#time = time;
    writeHex(this.#text, 0, Math.floor(time / 2 ** 32));
    writeHex(this.#text, 4, (time / 2 ** 16) & 0xffff);
    writeHex(this.#text, 9, time & 0xffff);
  }

  #refill(): void {
    this.#fill(this.#random);
    this.#randomAt = 0;
  }
}

const bytesPerUuid = 10;
const randomBytes = 400 * bytesPerUuid;
const countMax = 0xfff;

/** Four digits. */
function writeHex(text: Buffer, at: number, value: number): void {
  text[at] = digits[value >> 12];
  text[at + 1] = digits[(value >> 8) & 0xf];
  text[at + 2] = digits[(value >> 4) & 0xf];
  text[at + 3] = digits[value & 0xf];
}

const digits = Buffer.from('0123456789abcdef');
