import { causeOf } from '../causes/cause.ts';
import { CauseBook } from '../causes/cause-book.ts';
import type { DeadLetterGroups } from '../causes/dead-letter-groups.ts';
import type { BrowsePage, BrowseRequest, StoredMessage } from '../engine.ts';

/** The dead letters by cause, by looking at each. Their bytes are those of the payloads. */
export async function countDeadLetters(
  browse: (request: BrowseRequest) => Promise<BrowsePage>,
  now: number,
): Promise<DeadLetterGroups> {
  const book = new CauseBook();
  let total = 0;
  // Each is looked at as it comes by, and none is kept: they may be large.
  const look = ({ sequence, message, death }: StoredMessage): boolean => {
    if (death !== undefined) book.add(sequence, message.payload.length, causeOf(death));
    total++;
    return false;
  };
  let next: number | undefined = 0;
  while (next !== undefined) {
    const page: BrowsePage = await browse({ from: next, limit: 1, match: look });
    next = page.next;
  }
  return book.read(total, now);
}
