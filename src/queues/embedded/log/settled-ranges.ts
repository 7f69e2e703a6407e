/**
 * Which messages of a log a group is done with: all below `position`, and what was settled out of order above it as
 * ranges. There are never more ranges than messages below the highest settled one that are not settled, plus one: who
 * bounds those that are handed out bounds this.
 */
export class SettledRanges {
  #position: number;
  /** Start and end, exclusive, of each range above the position; ascending, and none touches another. */
  readonly #edges: number[] = [];
  #beyond = 0;

  constructor(position: number) {
    this.#position = position;
  }

  /** The lowest message that is not settled. */
  get position(): number {
    return this.#position;
  }

  /** Settled messages above the position. */
  get beyond(): number {
    return this.#beyond;
  }

  get ranges(): number {
    return this.#edges.length / 2;
  }

  has(sequence: number): boolean {
    return sequence < this.#position || (this.#edgesUpTo(sequence) & 1) === 1;
  }

  /** The first message from `sequence` on that is not settled. */
  nextOpen(sequence: number): number {
    if (sequence < this.#position) return this.#position;
    const edges = this.#edgesUpTo(sequence);
    return (edges & 1) === 1 ? this.#edges[edges] : sequence;
  }

  add(sequence: number): void {
    this.addRange(sequence, sequence + 1);
  }

  /** From `start` up to, not including, `end`. */
  addRange(start: number, end: number): void {
    const from = Math.max(start, this.#position);
    if (from >= end) return;
    if (from === this.#position && this.#edges.length === 0) this.#position = end;
    else this.#insert(from, end);
  }

  /** Everything from there on is not settled, and everything below is. */
  restart(position: number): void {
    this.#position = position;
    this.#edges.length = 0;
    this.#beyond = 0;
  }

  /** As pairs of varints: how far to the next range, and how long it is. */
  encode(): Buffer {
    const bytes: number[] = [];
    let at = this.#position;
    for (const edge of this.#edges) {
      writeVarint(bytes, edge - at);
      at = edge;
    }
    return Buffer.from(bytes);
  }

  static decode(position: number, ranges: Buffer): SettledRanges {
    const settled = new SettledRanges(position);
    let edge = position;
    for (let at = 0; at < ranges.length; ) {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = ranges[at++];
        value += (byte & 0x7f) * scale;
        if (byte < 0x80) break;
      }
      edge += value;
      settled.#edges.push(edge);
      if (settled.#edges.length % 2 === 0) settled.#beyond += value;
    }
    return settled;
  }

  #insert(start: number, end: number): void {
    const edges = this.#edges;
    // Ranges that touch are one, so an edge that equals `start` or `end` is taken in.
    const first = this.#edgesBelow(start);
    const last = this.#edgesUpTo(end);
    const left = first & 1 ? [] : [start];
    const right = last & 1 ? [] : [end];
    const taken = edges.splice(first, last - first, ...left, ...right);
    this.#beyond += end - start - settledBetween(taken, first & 1, start, end);
    if (edges.length > 0 && edges[0] <= this.#position) {
      this.#beyond -= edges[1] - this.#position;
      this.#position = edges[1];
      edges.splice(0, 2);
    }
  }

  /** How many edges are at or below that sequence: an odd number means that it lies in a range. */
  #edgesUpTo(sequence: number): number {
    return this.#edgesBelow(sequence + 1);
  }

  #edgesBelow(sequence: number): number {
    const edges = this.#edges;
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (edges[middle] < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** How much of `start` to `end` was settled before, by the edges between them; `inside` is 1 where `start` lay in a range. */
function settledBetween(edges: readonly number[], inside: number, start: number, end: number): number {
  let settled = 0;
  let from = inside === 1 ? start : undefined;
  for (const edge of edges) {
    if (from === undefined) {
      from = edge;
    } else {
      settled += edge - from;
      from = undefined;
    }
  }
  return from === undefined ? settled : settled + end - from;
}

function writeVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}
