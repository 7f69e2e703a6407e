import type { KeyDigest } from '../last-values.ts';

/** Values of one millisecond that are kept in mind. Of more, a second one of its key stays where it is, as one that is superseded. */
const valuesMax = 10_000;

/**
 * Which values a move has brought last: those of one millisecond. Of two of a key that came in the same one their sequences in the
 * source say which is newer, and a move goes by these: what it brought itself is the older one. Of what others brought nothing says
 * so, and the value that is there stays.
 */
export class MovedValues {
  #receivedAt = 0;
  readonly #moved = new Set<string>();

  add(queue: string, digest: KeyDigest | undefined, receivedAt: number): void {
    if (digest === undefined) return;
    if (receivedAt !== this.#receivedAt) this.#moved.clear();
    this.#receivedAt = receivedAt;
    if (this.#moved.size < valuesMax) this.#moved.add(placeOf(queue, digest));
  }

  has(queue: string, digest: KeyDigest, receivedAt: number): boolean {
    return receivedAt === this.#receivedAt && this.#moved.has(placeOf(queue, digest));
  }
}

function placeOf(queue: string, digest: KeyDigest): string {
  return `${queue}/${digest}`;
}
