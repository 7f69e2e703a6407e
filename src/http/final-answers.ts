import type { AwaitedResults, FinalAnswer } from './doors/ingest-door.ts';
import type { Call, RouteParts } from './route.ts';

/** What became of messages that are safe, as far as somebody could wait for it. */
export interface FinalAnswers {
  readonly known: ReadonlyMap<number, FinalAnswer>;
  /** The bound that kept all or some of them from being waited for. */
  readonly notAwaited?: string;
}

const none: ReadonlyMap<number, FinalAnswer> = new Map();

/** Waits for what becomes of these. They are safe whatever happens here: where nobody can wait for them, or it takes too long, that is the answer. */
export async function finalAnswers(
  results: AwaitedResults,
  tags: readonly number[],
  waitSeconds: number,
  { caller, presence }: Pick<Call, 'caller' | 'presence'>,
  { longPolls }: Pick<RouteParts, 'longPolls'>,
): Promise<FinalAnswers> {
  try {
    if (tags.length === 0) return { known: none };
    const client = caller.clientId;
    const full = longPolls.boundFor(client);
    if (full !== undefined) return { known: none, notAwaited: full };
    const known = await longPolls.wait({
      client,
      start: () => results.within(tags, waitSeconds * 1_000),
      onLeft: (end) => presence.onLeft(end),
      late: () => undefined,
    });
    return { known: known ?? none, ...(results.bound !== undefined && { notAwaited: results.bound }) };
  } finally {
    results.cancel();
  }
}
