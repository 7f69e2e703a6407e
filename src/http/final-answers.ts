import type { AwaitedResults, FinalAnswer } from './doors/ingest-door.ts';
import type { Call, RouteParts } from './route.ts';

const none: ReadonlyMap<number, FinalAnswer> = new Map();

/** Waits for what becomes of these. They are safe whatever happens here: where nobody can wait for them, or it takes too long, that is the answer. */
export async function finalAnswers(
  results: AwaitedResults,
  tags: readonly number[],
  waitSeconds: number,
  { caller, presence }: Pick<Call, 'caller' | 'presence'>,
  { longPolls }: Pick<RouteParts, 'longPolls'>,
): Promise<ReadonlyMap<number, FinalAnswer>> {
  try {
    const client = caller.clientId;
    if (tags.length === 0 || !longPolls.hasRoomFor(client)) return none;
    const known = await longPolls.wait({
      client,
      start: () => results.within(tags, waitSeconds * 1_000),
      onLeft: (end) => presence.onLeft(end),
      late: () => undefined,
    });
    return known ?? none;
  } finally {
    results.cancel();
  }
}
