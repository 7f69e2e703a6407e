import type { AwaitedResults, FinalAnswer } from './doors/ingest-door.ts';
import type { Call, RouteParts } from './route.ts';

const none: ReadonlyMap<number, FinalAnswer> = new Map();

/** Waits for what becomes of these. They are safe whatever happens here: where nobody can wait for them, or it takes too long, that is the answer. */
export async function finalAnswers(
  results: AwaitedResults,
  tags: readonly number[],
  waitSeconds: number,
  { presence }: Pick<Call, 'presence'>,
  { longPolls }: Pick<RouteParts, 'longPolls'>,
): Promise<ReadonlyMap<number, FinalAnswer>> {
  try {
    if (tags.length === 0 || longPolls.isFull) return none;
    const known = await longPolls.wait({
      start: () => results.within(tags, waitSeconds * 1_000),
      onLeft: (end) => presence.onLeft(end),
      late: () => undefined,
    });
    return known ?? none;
  } finally {
    results.cancel();
  }
}
