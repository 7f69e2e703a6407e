import { readU48, writeU48 } from './numbers.ts';

/** How many of something came in each of the last slots of time, of which each is `slotMs` long. */
export class RecentCounts {
  readonly #slotMs: number;
  /** A ring: that of a slot is at its number, from the epoch on, modulo how many there are. */
  readonly #counts: Uint32Array;
  #newest = 0;

  constructor(slots: number, slotMs: number) {
    this.#slotMs = slotMs;
    this.#counts = new Uint32Array(slots);
  }

  /** One came at this time; one that came before the first slot is forgotten. */
  add(at: number): void {
    const slot = Math.floor(at / this.#slotMs);
    if (slot > this.#newest) this.#advance(slot);
    if (this.#holds(slot)) this.#counts[slot % this.#counts.length]++;
  }

  /** The oldest slot first, and that of `now` last. */
  read(now: number): number[] {
    const { length } = this.#counts;
    const first = Math.floor(now / this.#slotMs) - length + 1;
    return Array.from({ length }, (_, i) => (this.#holds(first + i) ? this.#counts[(first + i) % length] : 0));
  }

  clear(): void {
    this.#counts.fill(0);
    this.#newest = 0;
  }

  get storedBytes(): number {
    return 6 + this.#counts.length * 4;
  }

  writeTo(row: Buffer, at: number): void {
    writeU48(row, this.#newest, at);
    for (const [i, count] of this.#counts.entries()) row.writeUInt32BE(count, at + 6 + i * 4);
  }

  readFrom(row: Buffer, at: number): void {
    this.#newest = readU48(row, at);
    for (let i = 0; i < this.#counts.length; i++) this.#counts[i] = row.readUInt32BE(at + 6 + i * 4);
  }

  #holds(slot: number): boolean {
    return slot >= 0 && slot <= this.#newest && slot > this.#newest - this.#counts.length;
  }

  #advance(slot: number): void {
    const { length } = this.#counts;
    if (slot - this.#newest >= length) this.#counts.fill(0);
    else for (let next = this.#newest + 1; next <= slot; next++) this.#counts[next % length] = 0;
    this.#newest = slot;
  }
}
