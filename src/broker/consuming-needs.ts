import type { ConsumerSource } from '../message.ts';

/** The filters that a client needs the right to, to consume what `filter` names. Rejects with `queue_not_found`. */
export async function needsOf(
  source: ConsumerSource,
  filter: string,
): Promise<{ readonly queue: string; readonly needs: readonly string[] }> {
  const { queue, filters } = await source.resolve(filter);
  return { queue, needs: [`$queue/${queue}`, ...filters] };
}
