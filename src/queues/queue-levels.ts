import type { Engine, QueueStats } from './engine.ts';

/** What each queue holds, as pairs of a topic below `$SYS/queues/` and a number. */
export async function queueLevels(engine: Engine): Promise<[topic: string, value: string][]> {
  const queues = (await engine.list()).slice(0, queuesMax);
  const levels = await Promise.all(queues.map(async ({ name }) => levelsOf(name, await engine.stats(name))));
  return levels.flat();
}

function levelsOf(name: string, stats: QueueStats): [topic: string, value: string][] {
  return levels.map(([level, read]) => [`$SYS/queues/${name}/${level}`, String(read(stats))]);
}

const levels: readonly (readonly [name: string, read: (stats: QueueStats) => number])[] = [
  ['ready', ({ ready }) => ready],
  ['leased', ({ leased }) => leased],
  ['scheduled', ({ scheduled }) => scheduled],
  ['bytes', ({ bytes }) => bytes],
  ['consumers', ({ consumers }) => consumers],
  ['dead-lettered', ({ deadLettered }) => deadLettered],
];

/** Queues that are shown; the rest is left out. */
const queuesMax = 1_000;
