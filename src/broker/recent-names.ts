/** What is known of a name, by its bytes. */
export interface Named {
  readonly bytes: Uint8Array;
}

/** A few names that came lately, to be found by their bytes where they stand in a packet. The one that came first makes room. */
export class RecentNames<T extends Named> {
  readonly #hashes: number[] = [];
  readonly #named: T[] = [];
  /** Where the last one stands: who goes round some names comes to the one behind it next. */
  #at = 0;
  #oldest = 0;

  /** Whether the next one takes the place of another. */
  get isFull(): boolean {
    return this.#named.length === recentNamesMax;
  }

  get size(): number {
    return this.#named.length;
  }

  /** It must not be there. */
  add(named: T): void {
    const { length } = this.#named;
    const at = length < recentNamesMax ? length : this.#oldest;
    if (at < length) this.#oldest = (at + 1) % recentNamesMax;
    this.#hashes[at] = hashOfBytes(named.bytes, 0, named.bytes.length);
    this.#named[at] = named;
    this.#at = at;
  }

  find(buffer: Uint8Array, start: number, end: number): T | undefined {
    const hashes = this.#hashes;
    const hash = hashOfBytes(buffer, start, end);
    for (let i = 0, at = this.#at; i < hashes.length; i++) {
      if (++at >= hashes.length) at = 0;
      if (hashes[at] !== hash || !isAt(this.#named[at].bytes, buffer, start, end)) continue;
      this.#at = at;
      return this.#named[at];
    }
    return undefined;
  }
}

export const recentNamesMax = 32;

/** Room for names over all connections: a name takes some 600 bytes with what is known of it, so that many connections would fill the memory. */
export class NamePlaces {
  #free: number;

  constructor(places = namePlacesMax) {
    this.#free = places;
  }

  get free(): number {
    return this.#free;
  }

  /** Whether there was one. */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  giveBack(places: number): void {
    this.#free += places;
  }
}

/** About 40 MB. */
const namePlacesMax = 65_536;

/** Whether those very bytes stand there. */
export function isAt(bytes: Uint8Array, buffer: Uint8Array, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== buffer[start + i]) return false;
  return true;
}

/** FNV-1a, 32 bits, signed. */
function hashOfBytes(buffer: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ buffer[i], 0x01000193);
  return hash;
}
