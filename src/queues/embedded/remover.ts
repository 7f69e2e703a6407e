import { queueTables } from '../../storage/tables.ts';
import { queueNotFound } from './admission.ts';
import type { EngineContext } from './context.ts';
import { queueKey } from './keys.ts';
import type { AnyQueue } from './queue-kinds.ts';
import type { Registry } from './registry.ts';

/** Rows deleted in one commit. */
const removedRowsMax = 5_000;

/**
 * Removes a queue with its messages. The mark comes first and alone: from then on the queue is gone, and a crash leaves
 * rows that nobody sees and that the next start deletes.
 */
export async function removeQueue(registry: Registry, queue: AnyQueue, context: EngineContext): Promise<void> {
  const gone = queueNotFound(queue.name);
  queue.removed = true;
  queue.counters.removed = true;
  registry.drop(queue);
  queue.end(gone, gone);
  await context.commit.flushed();
  await removeRows(queue.id, context);
}

/** Deletes what is left of a queue whose removal was marked. */
export async function removeRows(id: number, context: EngineContext): Promise<void> {
  const { commit, environment } = context;
  for (const table of queueTables) {
    for (;;) {
      const keys = environment.readKeys(table, queueKey(id), queueKey(id + 1), removedRowsMax);
      if (keys.length === 0) break;
      for (const key of keys) commit.remove(table, key);
      await commit.flushed();
    }
  }
  commit.remove('queue-counters', queueKey(id));
  commit.remove('queues', queueKey(id));
  await commit.flushed();
}
