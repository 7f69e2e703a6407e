import { SluiceError } from '../../errors.ts';
import type { Destination, Message, ReceiptWaiter } from '../../message.ts';
import { queueFull, verdictOf } from './admission-rules.ts';
import type { Feed } from './bindings.ts';
import type { EngineContext } from './context.ts';
import type { Entry } from './entry.ts';
import type { AnyQueue } from './queue-kinds.ts';
import { encodeRecord, messageOf } from './record.ts';
import { type Waiting, WaitLine } from './wait-line.ts';

/** Lets messages into queues: into all that are asked for in one commit, or into none. */
export class Admission {
  readonly #context: EngineContext;
  readonly #line: WaitLine;
  /** Set between start and stop of the engine. */
  open = false;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#line = new WaitLine(context, (waiting) => this.#admitWaiting(waiting));
  }

  admit(queues: readonly AnyQueue[], message: Message, waiter: ReceiptWaiter, tag: number): boolean {
    const { commit, clock } = this.#context;
    if (!this.open || commit.refusal !== undefined) {
      waiter.receipt(
        tag,
        commit.refusal ?? new SluiceError('unavailable', 'Cannot enqueue: the queue engine is not running'),
      );
      return true;
    }
    for (const queue of queues) {
      // A removed queue is no place any more; whoever still has this destination is about to be told.
      if (queue.removed) return this.#admitToRest(queues, message, waiter, tag);
    }
    const record = encoded(message, clock.turn());
    if (record instanceof SluiceError) {
      for (const queue of queues) queue.totals.rejected++;
      waiter.receipt(tag, record);
      return true;
    }
    const plan = this.#plan(queues, message, record.length, false);
    if (!Array.isArray(plan) && 'wait' in plan) this.#wait(plan.wait, queues, record, waiter, tag);
    else this.#follow(plan, message, record, waiter, tag);
    return true;
  }

  /** Messages have gone, so that there may be room for those that wait. */
  roomMade(): void {
    this.#line.roomMade();
  }

  /** Nothing comes in any more, and nobody waits. */
  close(reason: SluiceError): void {
    this.open = false;
    this.#line.end(reason);
  }

  #follow(plan: Decided, message: Message, record: Buffer, waiter: ReceiptWaiter, tag: number): void {
    if (plan instanceof SluiceError) waiter.receipt(tag, plan);
    else if (plan.length === 0) this.#acknowledgeAgain(waiter, tag);
    else this.#apply(plan, message, record, waiter, tag);
  }

  #wait(failure: SluiceError, queues: readonly AnyQueue[], record: Buffer, waiter: ReceiptWaiter, tag: number): void {
    if (this.#line.join(queues, record, waiter, tag)) return;
    for (const queue of queues) queue.totals.rejected++;
    waiter.receipt(tag, failure);
  }

  /** False where it has to wait on. */
  #admitWaiting({ queues, record, waiter, tag }: Waiting): boolean {
    const { commit } = this.#context;
    if (commit.refusal !== undefined) {
      waiter.receipt(tag, commit.refusal);
      return true;
    }
    const present = queues.filter((queue) => !queue.removed);
    // Storage that is behind is one more thing to wait for.
    if (!commit.hasRoom(record.length * present.length, present.length)) return false;
    const message = messageOf(record);
    const plan =
      present.length === 0 ? queueNotFound(queues[0].name) : this.#plan(present, message, record.length, true);
    if (!Array.isArray(plan) && 'wait' in plan) return false;
    this.#follow(plan, message, record, waiter, tag);
    return true;
  }

  /** The first of them may not be flushed yet, so this one waits as long. */
  #acknowledgeAgain(waiter: ReceiptWaiter, tag: number): void {
    this.#context.commit.wait({ receipt: (_, failure) => waiter.receipt(tag, failure, 'duplicate') }, tag);
  }

  #admitToRest(queues: readonly AnyQueue[], message: Message, waiter: ReceiptWaiter, tag: number): boolean {
    const rest = queues.filter((queue) => !queue.removed);
    return rest.length > 0 && this.admit(rest, message, waiter, tag);
  }

  /**
   * Asks every queue before any gets the message. Answers those that get it, or why none does, or why it waits. One that
   * `waited` is not behind others.
   */
  #plan(queues: readonly AnyQueue[], message: Message, bytes: number, waited: boolean): Plan {
    let takers = queues;
    for (const queue of queues) {
      if (queue.blocked > 0 && !waited) return { wait: queueFull(queue) };
      const verdict = verdictOf(queue, message, bytes);
      if (verdict === undefined) continue;
      if (verdict.kind === 'duplicate') {
        takers = takers.filter((taker) => taker !== queue);
        continue;
      }
      if (verdict.kind === 'wait') return { wait: verdict.failure };
      queue.totals.rejected++;
      return verdict.failure;
    }
    for (const queue of queues) if (!takers.includes(queue)) queue.totals.duplicates++;
    if (this.#context.commit.hasRoom(bytes * takers.length, takers.length)) return takers;
    for (const queue of takers) queue.totals.rejected++;
    return new SluiceError(
      'quota_exceeded',
      'Cannot enqueue: storage is behind; send again when earlier messages are acknowledged',
    );
  }

  /** All rows are staged in one turn, so they are in one commit. */
  #apply(queues: readonly AnyQueue[], message: Message, record: Buffer, waiter: ReceiptWaiter, tag: number): void {
    const { commit } = this.#context;
    if (queues.length === 1) {
      const [queue] = queues;
      const entry = enter(queue, record, message, true);
      if (queue.options.durability === 'sync') commit.wait(waiter, tag);
      else waiter.receipt(tag, undefined);
      queue.delivery.pumpArriving(entry, message);
      return;
    }
    const entries = queues.map((queue) => enter(queue, record, message, false));
    if (queues.some(({ options }) => options.durability === 'sync')) commit.wait(waiter, tag);
    else waiter.receipt(tag, undefined);
    for (let i = 0; i < queues.length; i++) queues[i].delivery.pumpArriving(entries[i], message);
  }
}

/** Who gets a message, or why nobody does. */
type Decided = readonly AnyQueue[] | SluiceError;
type Plan = Decided | { readonly wait: SluiceError };

function enter(queue: AnyQueue, record: Buffer, message: Message, owned: boolean): Entry {
  queue.makeRoom(record.length, message);
  if (queue.entrance.isWatched) queue.entrance.entered(message);
  return queue.intake.append(record, message, owned);
}

/** The record, or why the message fits into none. */
function encoded(message: Message, now: number): Buffer | SluiceError {
  try {
    return encodeRecord(message, now);
  } catch (problem) {
    if (problem instanceof SluiceError) return problem;
    throw problem;
  }
}

/** What a topic leads to. */
export class QueuesDestination implements Destination {
  readonly #admission: Admission;
  readonly #queues: readonly AnyQueue[];

  constructor(admission: Admission, queues: readonly AnyQueue[]) {
    this.#admission = admission;
    this.#queues = queues;
  }

  admit(message: Message, waiter: ReceiptWaiter, tag: number): boolean {
    return this.#admission.admit(this.#queues, message, waiter, tag);
  }
}

/** What a topic leads to where some of the queues look at the headers of each message. */
export class SelectiveDestination implements Destination {
  readonly #admission: Admission;
  readonly #feeds: readonly Feed[];

  constructor(admission: Admission, feeds: readonly Feed[]) {
    this.#admission = admission;
    this.#feeds = feeds;
  }

  admit(message: Message, waiter: ReceiptWaiter, tag: number): boolean {
    const queues: AnyQueue[] = [];
    for (const { queue, accepts } of this.#feeds) if (accepts?.(message) !== false) queues.push(queue);
    return queues.length > 0 && this.#admission.admit(queues, message, waiter, tag);
  }
}

/** One queue by its name, looked up for each message. */
export class NamedDestination implements Destination {
  readonly #admission: Admission;
  readonly #name: string;
  readonly #find: (name: string) => AnyQueue | undefined;

  constructor(admission: Admission, name: string, find: (name: string) => AnyQueue | undefined) {
    this.#admission = admission;
    this.#name = name;
    this.#find = find;
  }

  admit(message: Message, waiter: ReceiptWaiter, tag: number): boolean {
    const queue = this.#find(this.#name);
    if (queue !== undefined) return this.#admission.admit([queue], message, waiter, tag);
    waiter.receipt(tag, queueNotFound(this.#name));
    return true;
  }
}

export function queueNotFound(name: string): SluiceError {
  return new SluiceError('queue_not_found', `Cannot use queue "${name}": there is no queue of that name`, {
    detail: { queue: name },
  });
}
