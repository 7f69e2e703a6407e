import assert from 'node:assert/strict';
import type { QueueOptions } from '../../../options.ts';
import type { History } from './history.ts';
import { keyOf } from './published.ts';
import type { ReferenceMessage } from './reference-message.ts';
import type { ReferenceValues } from './reference-values.ts';

/** What the order of a queue is found from. */
export interface TurnQueue {
  readonly options: QueueOptions;
  readonly messages: ReadonlyMap<string, ReferenceMessage>;
  readonly now: number;
  readonly values: ReferenceValues;
  readyUpTo(lane: number): readonly ReferenceMessage[];
  mayHaveLeft(message: ReferenceMessage): boolean;
}

/** For tests: whose turn it is, as far as it can be told. */
export class ReferenceTurn {
  readonly #queue: TurnQueue;
  readonly #history: History;

  constructor(queue: TurnQueue, history: History) {
    this.#queue = queue;
    this.#history = history;
  }

  check(message: ReferenceMessage): void {
    const { values } = this.#queue;
    if (values.conflates) {
      assert.ok(!message.isSuperseded, `${message.id} was delivered, and a newer one of its key has come`);
      assert.ok(!values.isKeyOut(message), `${message.id} was delivered while another one of its key is out`);
    } else if (this.#queue.options.ordering !== 'none') {
      const blocker = this.blockersOf(message).find((each) => !this.#queue.mayHaveLeft(each));
      assert.equal(blocker, undefined, `${message.id} was delivered, and ${blocker?.id} of its key goes before it`);
    } else if (this.#queue.options.priorities > 1) {
      this.#checkPriority(message);
    } else if (message.order !== undefined && message.attempts === 0) {
      const first = this.#firstUntried();
      const isFirst = first === undefined || Number(first.order) >= message.order;
      assert.ok(isFirst, `${message.id} was delivered before ${first?.id}, which arrived earlier`);
    }
  }

  /** Whether some message may go now, as far as it can be told. */
  get isAnybodys(): boolean {
    const { messages, options, values } = this.#queue;
    const all = [...messages.values()];
    if (values.conflates) return all.some((each) => this.#canGo(each) && !values.isKeyOut(each) && !each.isSuperseded);
    if (options.ordering === 'none') return all.some((each) => this.#canGo(each));
    // What moved here has no order, so it cannot be told whose turn it is.
    if (all.some(({ order }) => order === undefined)) return false;
    return all.some((each) => this.#canGo(each) && this.blockersOf(each).length === 0);
  }

  #canGo({ deadline, availableAt, expiresAt }: ReferenceMessage): boolean {
    const { now } = this.#queue;
    return deadline === undefined && availableAt <= now && expiresAt > now;
  }

  /** What is not on disk yet may be nowhere else, and what stands behind one without an order is not the first of its lane. */
  #checkPriority(message: ReferenceMessage): void {
    if (message.order === undefined || message.attempts > 0) return;
    const isInPlace = ({ order, attempts }: ReferenceMessage): boolean => order !== undefined && attempts === 0;
    const unordered = new Set(this.#queue.readyUpTo(9).flatMap((each) => (isInPlace(each) ? [] : [each.lane])));
    for (const other of this.#queue.readyUpTo(9)) {
      if (other === message || !isUntried(other) || other.order === undefined || unordered.has(other.lane)) continue;
      if (this.#queue.mayHaveLeft(other) || !this.#history.isDurable(other.transaction)) continue;
      const [level, otherLevel] = [this.#levelOf(message), this.#levelOf(other)];
      const isFirst = level > otherLevel || (level === otherLevel && Number(message.order) < other.order);
      assert.ok(isFirst, `${message.id} was delivered at level ${level}, and ${other.id} at ${otherLevel} goes first`);
    }
  }

  #levelOf({ lane, since }: ReferenceMessage): number {
    const { priorities, priorityAgeingMs } = this.#queue.options;
    const risen = priorityAgeingMs === 0 ? 0 : Math.floor((this.#queue.now - since) / priorityAgeingMs);
    return Math.min(lane + risen, priorities - 1);
  }

  /** Those of its key that somebody holds, or that came before it. */
  blockersOf(message: ReferenceMessage): ReferenceMessage[] {
    const key = this.#orderingKeyOf(message);
    if (key === undefined) return [];
    return [...this.#queue.messages.values()].filter((other) => {
      if (other === message || this.#orderingKeyOf(other) !== key) return false;
      if (other.deadline !== undefined) return true;
      return other.order !== undefined && message.order !== undefined && other.order < message.order;
    });
  }

  #orderingKeyOf({ id }: ReferenceMessage): string | undefined {
    return this.#queue.options.ordering === 'total' ? 'all' : keyOf(id);
  }

  #firstUntried(): ReferenceMessage | undefined {
    let first: ReferenceMessage | undefined;
    for (const each of this.#queue.messages.values()) {
      if (each.order === undefined || !isUntried(each) || this.#queue.mayHaveLeft(each)) continue;
      if (first === undefined || each.order < Number(first.order)) first = each;
    }
    return first;
  }
}

function isUntried({ attempts, deadline }: ReferenceMessage): boolean {
  return attempts === 0 && deadline === undefined;
}
