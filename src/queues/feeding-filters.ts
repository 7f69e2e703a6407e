import type { QueueInfo } from './engine.ts';

/**
 * The topics whose messages can be in the queue: its own bindings, and those of every queue whose dead letters it takes,
 * over any number of steps. A queue that no binding feeds takes messages of any topic, so it needs the right to all.
 */
export function filtersThatFeed(queue: QueueInfo, queues: readonly QueueInfo[]): readonly string[] {
  const feeding = new Set([queue]);
  for (const target of feeding) {
    for (const other of queues) if (other.options.deadLetter === target.name) feeding.add(other);
  }
  const filters = new Set([...feeding].flatMap((one) => one.options.bindings.map((binding) => binding.filter)));
  return filters.size === 0 ? ['#'] : [...filters];
}
