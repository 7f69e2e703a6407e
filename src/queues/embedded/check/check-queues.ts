import type { Finding, StoredRows } from '../../../storage/snapshot.ts';
import { checkIndexes } from './indexes.ts';
import { checkMessages, checkSchedule, checkWaiting } from './messages.ts';
import { Tallies } from './tallies.ts';

/** What of the tables of queues does not agree with the rest, in one moment of a data folder. Memory is for the queues, not for their messages. */
export function* checkQueues(rows: StoredRows): Generator<Finding> {
  const tallies = new Tallies();
  yield* tallies.load(rows);
  yield* checkMessages(rows, tallies);
  yield* checkWaiting(rows, tallies);
  yield* checkSchedule(rows, tallies);
  yield* checkIndexes(rows, tallies);
  for (const key of rows.keys('queue-counters')) tallies.of('queue-counters', key);
  for (const tally of tallies.queues) if (!tally.isRemoving) yield* tally.differences();
  yield* tallies.orphans();
}
