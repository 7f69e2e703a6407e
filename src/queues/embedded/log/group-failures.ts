import type { BatchWriter } from '../../../storage/staged-write.ts';
import { encodeWaiting, type Waiting } from '../waiting.ts';
import { removedStatesMax } from './group-removals.ts';
import { groupStateKey } from './group-row.ts';
import { ScheduledFailures } from './scheduled-failures.ts';

/**
 * What went wrong so far with messages of a group: a row of each. Of those that the group has not come to since it was opened the
 * failures are here, the others go with their messages. Those of messages that it will never come to are forgotten a few in each commit, of
 * which a crash leaves rows that the next start forgets.
 */
export class GroupFailures {
  /** By sequence: none is added. */
  readonly #unread: Map<number, Waiting>;
  /** The sequences of all that there were, of which those before `#next` are not there any more. */
  readonly #inOrder: readonly number[];
  #next = 0;
  readonly #scheduled: ScheduledFailures;
  /** Rows that the next commit changes. */
  readonly #changed = new Map<number, Waiting | undefined>();
  /** The group comes to nothing below. */
  #passedTo = 0;
  /** Rows of messages that it had come past when it was opened. */
  #stale: number[];

  /** Both in the order of their sequences. */
  constructor(unread: Map<number, Waiting>, stale: number[]) {
    this.#unread = unread;
    this.#inOrder = [...unread.keys()];
    this.#scheduled = new ScheduledFailures(unread);
    this.#stale = stale;
  }

  /** How many of those that the group has not come to wait for their time. */
  scheduled(now: number): number {
    return this.#scheduled.count(now, this.#passedTo);
  }

  /** What a message had when the group was opened, to which it comes now. */
  take(sequence: number): Waiting | undefined {
    if (this.#unread.size === 0) return undefined;
    const waiting = this.#unread.get(sequence);
    if (waiting !== undefined) this.#unread.delete(sequence);
    return waiting;
  }

  /** Its row is another with the next commit; undefined where nothing went wrong, or the message is settled. */
  changed(sequence: number, waiting: Waiting | undefined): void {
    this.#changed.set(sequence, waiting);
  }

  /** The group comes to nothing below that. Answers whether it had failures there, so that rows are to go. */
  passed(sequence: number): boolean {
    this.#passedTo = Math.max(this.#passedTo, sequence);
    return this.hasPassed;
  }

  /** Whether rows are there that are to go. */
  get hasPassed(): boolean {
    return this.#stale.length > 0 || this.#firstUnread() < this.#passedTo;
  }

  /** The group begins anew, under another number: nothing went wrong. */
  restart(): void {
    this.#changed.clear();
    this.#unread.clear();
    this.#stale = [];
    this.#passedTo = 0;
  }

  /** What changed, and some of the rows that are to go. */
  write(batch: BatchWriter, log: number, group: number): void {
    for (const [sequence, waiting] of this.#changed) {
      const key = groupStateKey(log, group, sequence);
      if (waiting === undefined) batch.remove('group-states', key);
      else batch.put('group-states', key, encodeWaiting(waiting));
    }
    this.#changed.clear();
    for (let left = removedStatesMax; left > 0 && this.hasPassed; left--) {
      batch.remove('group-states', groupStateKey(log, group, this.#stale.pop() ?? this.#takeFirst()));
    }
  }

  #takeFirst(): number {
    const first = this.#firstUnread();
    this.#unread.delete(first);
    return first;
  }

  #firstUnread(): number {
    const all = this.#inOrder;
    while (this.#next < all.length && !this.#unread.has(all[this.#next])) this.#next++;
    return all[this.#next] ?? Number.POSITIVE_INFINITY;
  }
}
