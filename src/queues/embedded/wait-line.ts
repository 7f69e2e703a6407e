import { SluiceError } from '../../errors.ts';
import type { ReceiptWaiter } from '../../message.ts';
import { StepTime } from '../../std/step-time.ts';
import type { EngineContext } from './context.ts';
import type { AnyQueue } from './queue-kinds.ts';
import type { Wake } from './wake.ts';

export interface WaitLineLimits {
  /** Publishes that wait for room at a time, in all queues together. One more is refused. */
  readonly messagesMax: number;
  /** Their records. */
  readonly bytesMax: number;
  /** How long one waits whose sender cannot be made to wait: a request over HTTP, a will. */
  readonly unheldMsMax: number;
}

export const waitLineLimits: WaitLineLimits = {
  messagesMax: 100_000,
  bytesMax: 64 * 1024 * 1024,
  unheldMsMax: 10_000,
};

/** A publish that waits until all of its queues have room. */
export interface Waiting extends Wake {
  readonly queues: readonly AnyQueue[];
  readonly record: Buffer;
  readonly waiter: ReceiptWaiter;
  readonly tag: number;
}

/** How often those are looked at that wait for a rate, of which nobody tells. */
const rateLookMs = 50;

/**
 * Publishes to full queues that do not refuse, in their order. Who sent one is not read until it is in, so no more than what
 * had been read already comes behind it; and a later publish to the same queue waits behind it.
 */
export class WaitLine {
  readonly #context: EngineContext;
  readonly #limits: WaitLineLimits;
  readonly #look: Wake;
  readonly #line = new Set<Waiting>();
  readonly #step: StepTime;
  #bytes = 0;
  /** Queues for which somebody waits. */
  #blockedQueues = 0;
  #due = false;
  /** Admits one, or answers false where a queue still has no room. */
  readonly #admit: (waiting: Waiting) => boolean;

  constructor(context: EngineContext, admit: (waiting: Waiting) => boolean, limits = waitLineLimits) {
    this.#context = context;
    this.#admit = admit;
    this.#limits = limits;
    this.#step = new StepTime(context.monotonicMs);
    this.#look = { wake: () => this.roomMade(), deadline: 0, heapIndex: -1 };
  }

  /** False where no more can wait. */
  join(queues: readonly AnyQueue[], record: Buffer, waiter: ReceiptWaiter, tag: number): boolean {
    const { messagesMax, bytesMax, unheldMsMax } = this.#limits;
    if (this.#line.size >= messagesMax || this.#bytes + record.length > bytesMax) return false;
    const { wakes, clock } = this.#context;
    const wake = (): void => this.#giveUp(waiting);
    const waiting: Waiting = { queues, record, waiter, tag, wake, deadline: 0, heapIndex: -1 };
    this.#line.add(waiting);
    this.#bytes += record.length;
    for (const queue of queues) if (queue.blocked++ === 0) this.#blockedQueues++;
    if (waiter.held === undefined) wakes.set(waiting, clock.now() + unheldMsMax);
    else waiter.held(tag, 'blocked_queue');
    this.#lookLater();
    return true;
  }

  /** Looks at those that wait, once what happens now is over. */
  roomMade(): void {
    if (this.#due || this.#line.size === 0) return;
    this.#due = true;
    setImmediate(() => this.#goOn());
  }

  /** Nothing comes in any more. */
  end(reason: SluiceError): void {
    for (const waiting of [...this.#line]) {
      this.#leave(waiting);
      waiting.waiter.receipt(waiting.tag, reason);
    }
    this.#context.wakes.remove(this.#look);
  }

  #goOn(): void {
    this.#due = false;
    this.#step.begin();
    const full = new Set<AnyQueue>();
    for (const waiting of this.#line) {
      if (full.size >= this.#blockedQueues) break;
      if (waiting.queues.some((queue) => full.has(queue))) continue;
      if (!this.#admit(waiting)) {
        for (const queue of waiting.queues) full.add(queue);
        continue;
      }
      this.#leave(waiting);
      if (!this.#step.isOver) continue;
      this.roomMade();
      return;
    }
    this.#lookLater();
  }

  #lookLater(): void {
    const { wakes, clock } = this.#context;
    if (this.#line.size > 0 && this.#look.heapIndex < 0) wakes.set(this.#look, clock.now() + rateLookMs);
  }

  #leave(waiting: Waiting): void {
    this.#line.delete(waiting);
    this.#bytes -= waiting.record.length;
    this.#context.wakes.remove(waiting);
    for (const queue of waiting.queues) if (--queue.blocked === 0) this.#blockedQueues--;
  }

  #giveUp(waiting: Waiting): void {
    this.#leave(waiting);
    const names = waiting.queues.map(({ name }) => `"${name}"`).join(', ');
    waiting.waiter.receipt(
      waiting.tag,
      new SluiceError('queue_full', `Cannot enqueue to ${names}: no room came within ${this.#limits.unheldMsMax} ms`, {
        detail: { queues: waiting.queues.map(({ name }) => name) },
      }),
    );
  }
}
