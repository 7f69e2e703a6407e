import { RecentMap } from '../../../std/recent-map.ts';
import type { KeyDigest } from '../last-values.ts';

/** Keys whose last moved value is kept in mind. Of one that was forgotten a second value stays where it is, as one that is superseded. */
const keysMax = 10_000;

/**
 * Which value of a key a move has brought last. Of two that came in the same millisecond their sequences in the source say which
 * is newer, and a move goes by these: what it brought itself is the older one. Of what others brought nothing says so, and the value
 * that is there stays.
 */
export class MovedValues {
  /** When it came in. */
  readonly #receivedAt = new RecentMap<string, number>(keysMax);

  add(queue: string, digest: KeyDigest | undefined, receivedAt: number): void {
    if (digest !== undefined) this.#receivedAt.set(placeOf(queue, digest), receivedAt);
  }

  has(queue: string, digest: KeyDigest, receivedAt: number): boolean {
    return this.#receivedAt.get(placeOf(queue, digest)) === receivedAt;
  }
}

function placeOf(queue: string, digest: KeyDigest): string {
  return `${queue}/${digest}`;
}
