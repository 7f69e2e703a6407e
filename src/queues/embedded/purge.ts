import type { Departure } from '../causes/dead-letter-groups.ts';
import type { Queue } from './queue.ts';
import { type Found, scan, storedState } from './scan.ts';

/** Removes every message that nobody holds; answers how many. */
export async function purge(queue: Queue): Promise<number> {
  let purged = 0;
  await scan(queue, 0, queue.nextSequence, (found) => {
    for (const each of found) {
      if (storedState(each) === 'leased') continue;
      take(queue, each, 'discarded');
      queue.totals.dropped.purged++;
      purged++;
    }
    return true;
  });
  return purged;
}

/** Takes a message that nobody holds out of its queue. */
export function take(queue: Queue, found: Found, why: Departure): void {
  if (found.entry === undefined) queue.discardOnDisk(found, why);
  else queue.discard(found.entry, why);
}
