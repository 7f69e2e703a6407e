import { SluiceError } from '../../errors.ts';
import { queueTables } from '../../storage/tables.ts';
import type { EngineContext } from './context.ts';
import { queueKey } from './keys.ts';
import type { AnyQueue } from './queue-kinds.ts';
import type { Registry } from './registry.ts';

/** Rows deleted in one commit. */
const removedRowsMax = 5_000;

/**
 * Removes queues with their messages. The mark comes first and alone: from then on a queue is gone, and a crash leaves
 * rows that nobody sees and that the next start deletes.
 */
export class QueueRemovals {
  readonly #context: EngineContext;
  readonly #registry: Registry;
  readonly #permanent: ReadonlySet<string>;
  readonly #underWay = new Set<Promise<void>>();

  /** `permanent`: queues that cannot be removed, because a part of the platform needs them. */
  constructor(context: EngineContext, registry: Registry, permanent: readonly string[]) {
    this.#context = context;
    this.#registry = registry;
    this.#permanent = new Set(permanent);
  }

  /** Resolves when all rows of the queue are gone. Throws `conflict` for one that cannot be removed. */
  async remove(name: string): Promise<void> {
    if (this.#permanent.has(name)) {
      throw new SluiceError('conflict', `Cannot remove queue "${name}": the platform needs it; purge it instead`);
    }
    const removal = this.#remove(this.#registry.require(name));
    this.#inBackground(removal);
    await removal;
  }

  /** Deletes what is left of a queue whose removal was marked. */
  finish(id: number): void {
    this.#context.log.info('Removing the rest of a queue whose removal was cut short', { queueId: id });
    this.#inBackground(this.#removeRows(id));
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #remove(queue: AnyQueue): Promise<void> {
    const { name } = queue;
    const gone = new SluiceError('queue_not_found', `Queue "${name}" was removed`, { detail: { queue: name } });
    queue.removed = true;
    queue.counters.removed = true;
    this.#registry.drop(queue);
    queue.end(gone, gone);
    await this.#context.commit.flushed();
    await this.#removeRows(queue.id);
  }

  async #removeRows(id: number): Promise<void> {
    const { commit, environment } = this.#context;
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

  /** Keeps a removal until it is done, so that a stop waits for it. What fails is storage, and ends the process from there. */
  #inBackground(removal: Promise<void>): void {
    const kept = removal
      .catch((problem) => this.#context.log.error('Could not remove the rows of a queue', { problem }))
      .finally(() => this.#underWay.delete(kept));
    this.#underWay.add(kept);
  }
}
