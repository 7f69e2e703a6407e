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
    const time = this.#time.toString(16).padStart(12, '0');
    const count = (0x7000 | this.#count).toString(16);
    const variant = (0x8000 | (random.readUInt16BE(at + 2) & 0x3fff)).toString(16);
    return `${time.slice(0, 8)}-${time.slice(8)}-${count}-${variant}-${random.toString('hex', at + 4, at + 10)}`;
  }

  /** Counts up within a millisecond, from a random start in the lower half; a full counter or a clock that went back borrows from the future. */
  #advance(random: number): void {
    const now = this.#clock.now();
    if (now > this.#time) {
      this.#time = now;
      this.#count = random & 0x7ff;
    } else if (this.#count === countMax) {
      this.#time++;
      this.#count = random & 0x7ff;
    } else {
      this.#count++;
    }
  }

  #refill(): void {
    this.#fill(this.#random);
    this.#randomAt = 0;
  }
}

const bytesPerUuid = 10;
const randomBytes = 400 * bytesPerUuid;
const countMax = 0xfff;
