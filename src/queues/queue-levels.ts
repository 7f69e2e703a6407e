import { inSlices } from '../std/in-slices.ts';
import { queueNumberRows } from './queue-number-table.ts';
import type { NumberRow, QueueNumbers } from './queue-numbers.ts';
import { type QueueWatch, queuesPerTurn } from './queue-watch.ts';

/** What each queue shows, as pairs of a topic and a value. */
export async function queueLevels(watch: QueueWatch): Promise<[topic: string, value: string][]> {
  const { queues } = await watch.first(queuesMax);
  const levels = await inSlices(queues, queuesPerTurn, async ({ name, numbers }) => levelsOf(name, numbers));
  return levels.flat();
}

function levelsOf(queue: string, numbers: QueueNumbers): [topic: string, value: string][] {
  return rows.flatMap(([key, { topics }]) =>
    topics.flatMap(({ read }) =>
      read(numbers[key] as never).map(([topic, value]): [string, string] => [`$SYS/queues/${queue}/${topic}`, value]),
    ),
  );
}

const rows = Object.entries(queueNumberRows) as [keyof QueueNumbers, NumberRow<never>][];

/** One row a topic below the queue's name, for the reference. */
export const queueLevelRows: readonly (readonly [name: string, meaning: string])[] = rows.flatMap(([, { topics }]) =>
  topics.map(({ name, help }): [string, string] => [name, help]),
);

/** Queues that are shown; the rest is left out. */
const queuesMax = 1_000;
