import type { EngineContext } from '../context.ts';
import { endedGroup, groupKey, groupStateKey } from './group-row.ts';

/** Rows deleted in one commit. */
export const removedStatesMax = 2_000;

/** A log of which groups go. */
interface LogWithGroups {
  readonly id: number;
  readonly name: string;
  readonly context: Pick<EngineContext, 'environment' | 'commit' | 'log'>;
  /** All of its rows are being removed. */
  readonly removed: boolean;
}

/**
 * Removes the rows of groups that are gone. The mark comes first and alone, a row without a name: from then on the group is gone,
 * and a crash leaves rows that nobody reads and that the next start removes. That row goes last.
 */
export class GroupRemovals {
  readonly #log: LogWithGroups;
  readonly #underWay = new Set<Promise<void>>();

  constructor(log: LogWithGroups) {
    this.#log = log;
  }

  /** The mark is in the open batch; resolves when all rows of the group are gone. */
  begin(group: number): Promise<void> {
    const { context, id } = this.#log;
    context.commit.put('groups', groupKey(id, group), endedGroup());
    return this.finish(group);
  }

  /** As `begin`, where the mark is on disk. */
  finish(group: number): Promise<void> {
    const removal = this.#removeRows(group);
    const { name, context } = this.#log;
    const kept = removal
      .catch((problem) => context.log.error('Could not remove the rows of a group', { log: name, problem }))
      .finally(() => this.#underWay.delete(kept));
    this.#underWay.add(kept);
    return removal;
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #removeRows(group: number): Promise<void> {
    const { context, id } = this.#log;
    const { commit, environment } = context;
    // What is being flushed may have failures of it, which are not to be read before.
    await commit.flushed();
    const [start, end] = [groupStateKey(id, group, 0), groupStateKey(id, group + 1, 0)];
    while (!this.#log.removed) {
      const keys = environment.readKeys('group-states', start, end, removedStatesMax);
      if (keys.length === 0) break;
      for (const key of keys) commit.remove('group-states', key);
      await commit.flushed();
    }
    commit.remove('groups', groupKey(id, group));
    await commit.flushed();
  }
}
