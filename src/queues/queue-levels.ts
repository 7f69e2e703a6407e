import type { Engine } from './engine.ts';
import type { QueueStats } from './queue-stats.ts';

/** What each queue holds, as pairs of a topic below `$SYS/queues/` and a number. */
export async function queueLevels(engine: Engine): Promise<[topic: string, value: string][]> {
  const queues = (await engine.list()).slice(0, queuesMax);
  const levels = await Promise.all(queues.map(async ({ name }) => levelsOf(name, await engine.stats(name))));
  return levels.flat();
}

function levelsOf(name: string, stats: QueueStats): [topic: string, value: string][] {
  return queueLevelRows.map(([level, , read]) => [`$SYS/queues/${name}/${level}`, String(read(stats))]);
}

/** One row a topic below the queue's name. */
export const queueLevelRows: readonly (readonly [
  name: string,
  meaning: string,
  read: (stats: QueueStats) => number,
])[] = [
  ['ready', 'Messages that wait for a consumer', ({ ready }) => ready],
  ['leased', 'Messages in the hands of consumers', ({ leased }) => leased],
  ['scheduled', 'Messages that wait for their time', ({ scheduled }) => scheduled],
  ['bytes', 'Bytes of messages that are not acknowledged', ({ bytes }) => bytes],
  ['consumers', 'Consumers', ({ consumers }) => consumers],
  ['dead-lettered', 'Messages dead-lettered since the start', ({ deadLettered }) => deadLettered],
];

/** Queues that are shown; the rest is left out. */
const queuesMax = 1_000;
