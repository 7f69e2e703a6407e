import type { Outgoing } from './outgoing.ts';

/**
 * What is under way to a client, by packet id. Ids are given out in order and mostly come back in order, so a ring that is
 * addressed by them is enough, and takes no memory before the first message. An id whose place an older message still has is
 * kept beside it, which keeps the ring as small as the number of messages.
 */
export class Inflight {
  #ring: (Outgoing | undefined)[] = empty;
  #beside: Map<number, Outgoing> | undefined;
  #size = 0;
  #bytes = 0;

  get size(): number {
    return this.#size;
  }

  /** About what the messages take in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  has(packetId: number): boolean {
    return this.get(packetId) !== undefined;
  }

  get(packetId: number): Outgoing | undefined {
    const outgoing = this.#ring[packetId & (this.#ring.length - 1)];
    return outgoing?.packetId === packetId ? outgoing : this.#beside?.get(packetId);
  }

  /** Its packet id must not be in use. */
  add(outgoing: Outgoing): void {
    this.#size++;
    this.#bytes += outgoing.bytes;
    if (2 * this.#size > this.#ring.length) this.#grow();
    this.#place(outgoing);
  }

  remove(outgoing: Outgoing): void {
    const slot = outgoing.packetId & (this.#ring.length - 1);
    if (this.#ring[slot] === outgoing) this.#ring[slot] = undefined;
    else if (this.#beside?.delete(outgoing.packetId) !== true) return;
    this.#size--;
    this.#bytes -= outgoing.bytes;
    if (this.#size === 0 && this.#ring.length > keptCapacity) this.clear();
  }

  clear(): void {
    this.#ring = empty;
    this.#beside = undefined;
    this.#size = 0;
    this.#bytes = 0;
  }

  /** In the order of sending. */
  all(): readonly Outgoing[] {
    const all = [...this.#ring.filter((outgoing) => outgoing !== undefined), ...(this.#beside?.values() ?? [])];
    return all.sort((a, b) => a.sequence - b.sequence);
  }

  #place(outgoing: Outgoing): void {
    const slot = outgoing.packetId & (this.#ring.length - 1);
    if (this.#ring[slot] === undefined) this.#ring[slot] = outgoing;
    else {
      this.#beside ??= new Map();
      this.#beside.set(outgoing.packetId, outgoing);
    }
  }

  #grow(): void {
    const all = this.all();
    this.#ring = new Array(Math.max(initialCapacity, this.#ring.length * 2)).fill(undefined);
    this.#beside = undefined;
    for (const outgoing of all) this.#place(outgoing);
  }
}

const empty: (Outgoing | undefined)[] = [undefined];
const initialCapacity = 8;
const keptCapacity = 1024;
