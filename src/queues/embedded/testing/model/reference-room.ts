import assert from 'node:assert/strict';
import type { QueueOptions } from '../../../options.ts';
import type { HotLimits } from '../../hot-window.ts';
import { laneOf, type Published } from './published.ts';
import type { ReferenceMessage } from './reference-message.ts';
import type { ReferenceValues } from './reference-values.ts';

interface RoomyQueue {
  readonly options: QueueOptions;
  readonly messages: ReadonlyMap<string, ReferenceMessage>;
  readonly values: ReferenceValues;
  readonly holding: { readonly all: ReadonlySet<ReferenceMessage> };
  readyUpTo(lane: number): readonly ReferenceMessage[];
  /** It goes for good. */
  leave(id: string): void;
}

/** For tests: whether a message finds room in a queue, and what goes where it makes some. */
export class ReferenceRoom {
  readonly #queue: RoomyQueue;
  readonly #hot: HotLimits;
  /** Of drops that have happened: among which messages the dropped ones are. */
  readonly #unknownDrops: ReadonlySet<string>[] = [];
  /** Bytes that were there with what they had to make room for, and whether each of them is one message. */
  #bytesThen: number | undefined;
  #isCountKnown = true;
  /** Memory may have had room. */
  #mayBeNone = false;

  constructor(queue: RoomyQueue, hot: HotLimits) {
    this.#queue = queue;
    this.#hot = hot;
  }

  /** Whether it takes the message: because it has room, or makes some. */
  takes(published: Published): boolean {
    if (this.#hasRoomFor(published)) return true;
    const { overflow, limits, priorities } = this.#queue.options;
    if (overflow === 'drop_oldest') {
      const held = this.#queue.holding.all;
      if (limits.messages > 0 && held.size >= limits.messages) return false;
      return limits.bytes === 0 || bytesOf(held) + published.bytes <= limits.bytes;
    }
    return overflow === 'drop_lowest_priority' && this.#lowestUpTo(laneOf(published.id, priorities)) !== undefined;
  }

  /** Whether one message more may come in that makes no room: a copy waits for it. Its size is learnt from its row. */
  get mayHaveRoom(): boolean {
    const { options, messages, values } = this.#queue;
    return options.limits.messages === 0 || values.conflates || messages.size < options.limits.messages;
  }

  /** What has to go goes. */
  makeFor(published: Published): void {
    if (!this.#queue.options.overflow.startsWith('drop')) return;
    if (this.#mayBeOutOfMemory) {
      const unheld = [...this.#queue.messages.values()].filter(({ deadline }) => deadline === undefined);
      this.#unknownDrops.push(new Set(unheld.map(({ id }) => id)));
      this.#isCountKnown = false;
      this.#mayBeNone = this.#hasRoomFor(published);
      this.#bytesThen = undefined;
      return;
    }
    this.#mayBeNone = false;
    while (!this.#hasRoomFor(published)) {
      const candidates = this.#candidatesFor(published);
      assert.ok(candidates.length > 0, `nothing in the queue can make room for ${published.id}`);
      if (this.hasUnknownDrops || !isInOrder(candidates)) {
        this.#unknownDrops.push(new Set(candidates.map(({ id }) => id)));
        this.#bytesThen = this.hasUnknownSizes ? undefined : bytesOf(this.#queue.messages.values()) + published.bytes;
        this.#isCountKnown = this.#queue.options.limits.bytes === 0;
        // How many of them go depends on which.
        if (!this.#isCountKnown) return;
      } else {
        this.#queue.leave(firstOf(candidates).id);
      }
    }
  }

  /** Whether it cannot tell which messages were dropped. */
  get hasUnknownDrops(): boolean {
    return this.#unknownDrops.length > 0;
  }

  mayHaveDropped(id: string): boolean {
    return this.#unknownDrops.some((candidates) => candidates.has(id));
  }

  /** These are not in the queue any more. `came`: what they went for. */
  foundGone(ids: readonly string[]): void {
    // What was dropped may be the value that the new one took the place of: then nothing more is gone.
    const mayBeNone = this.#queue.values.conflates || this.#mayBeNone;
    assert.ok(mayBeNone || ids.length > 0, 'nothing was dropped, and something should have been');
    if (this.#isCountKnown && !mayBeNone)
      assert.equal(ids.length, this.#unknownDrops.length, `${ids.join()} were dropped`);
    for (const candidates of this.#unknownDrops) {
      const isOne = ids.some((id) => candidates.has(id));
      assert.ok(isOne || (mayBeNone && ids.length === 0), `${ids.join()} were dropped, others should have been`);
    }
    if (!this.#isCountKnown && !mayBeNone) this.#checkEnough(ids.map((id) => this.#queue.messages.get(id)?.bytes ?? 0));
    this.forgetDrops();
    for (const id of ids) this.#queue.leave(id);
  }

  /** After a restart there is nothing that is not known. */
  forgetDrops(): void {
    this.#unknownDrops.length = 0;
  }

  /** In memory others share the room; sizes are not all known; and a queue by priority that needs much asks only for what it knows. */
  get isUncertain(): boolean {
    const { overflow, limits } = this.#queue.options;
    if (this.#mayBeOutOfMemory || (limits.bytes > 0 && this.hasUnknownSizes)) return true;
    const isFarOver = limits.messages > 0 && this.#queue.messages.size > limits.messages;
    return overflow === 'drop_lowest_priority' && (isFarOver || limits.bytes > 0);
  }

  /** Others share the memory, beyond what each queue may have. */
  get #mayBeOutOfMemory(): boolean {
    const { options, messages } = this.#queue;
    if (options.durability !== 'memory') return false;
    const { queueMessagesMin, queueBytesMin } = this.#hot;
    return this.hasUnknownSizes || messages.size >= queueMessagesMin || bytesOf(messages.values()) >= queueBytesMin;
  }

  /** Of what moved or died here and has no row yet. */
  get hasUnknownSizes(): boolean {
    return [...this.#queue.messages.values()].some(({ bytes }) => bytes === undefined);
  }

  /** No more went than had to: what came has room, and would not have it without the largest. */
  #checkEnough(sizes: readonly number[]): void {
    const { limits } = this.#queue.options;
    if (this.#bytesThen === undefined || limits.messages > 0) return;
    const bytes = sizes.reduce((left, size) => left - size, this.#bytesThen);
    assert.ok(bytes <= limits.bytes, `${bytes} bytes are left where ${limits.bytes} may be`);
    assert.ok(bytes + Math.max(...sizes) > limits.bytes, `${sizes.join()} bytes went, and only ${bytes} are left`);
  }

  #hasRoomFor({ id, bytes }: Published): boolean {
    const { limits } = this.#queue.options;
    const { messages, values } = this.#queue;
    const replaced = values.replacedBy(id);
    const present = bytesOf(messages.values()) - bytesOf(replaced);
    if (limits.bytes > 0 && present + bytes > limits.bytes) return false;
    return limits.messages === 0 || replaced.length > 0 || messages.size - this.#unknownDrops.length < limits.messages;
  }

  #candidatesFor({ id }: Published): ReferenceMessage[] {
    const { overflow, priorities } = this.#queue.options;
    const isByPriority = overflow === 'drop_lowest_priority';
    const highest = isByPriority ? this.#lowestUpTo(laneOf(id, priorities)) : Number.POSITIVE_INFINITY;
    const ready = [...this.#queue.readyUpTo(highest ?? -1)];
    if (ready.length > 0) return ready;
    return [...this.#queue.messages.values()].filter(({ deadline }) => deadline === undefined);
  }

  #lowestUpTo(lane: number): number | undefined {
    const lanes = this.#queue.readyUpTo(lane).map((each) => each.lane);
    return lanes.length === 0 ? undefined : Math.min(...lanes);
  }
}

export function bytesOf(messages: Iterable<ReferenceMessage>): number {
  let sum = 0;
  for (const { bytes = 0 } of messages) sum += bytes;
  return sum;
}

/** One that was tried before is in memory, or waits on disk for its next try: which one goes depends on what has been read. */
function isInOrder(candidates: readonly ReferenceMessage[]): boolean {
  return candidates.every(({ order, attempts }) => order !== undefined && attempts === 0);
}

function firstOf(candidates: readonly ReferenceMessage[]): ReferenceMessage {
  return candidates.reduce((first, each) => (Number(each.order) < Number(first.order) ? each : first));
}
