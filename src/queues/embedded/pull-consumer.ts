import type { SluiceError } from '../../errors.ts';
import type { Timer } from '../../std/clock.ts';
import { type ConsumerInfo, type LeasedMessage, type LeaseRequest, pollGraceMs } from '../engine.ts';
import type { Entry } from './entry.ts';
import { leaseToken } from './lease-token.ts';
import type { LeasingHome } from './leasing-home.ts';
import { Slot, type Taker } from './slot.ts';
import type { Wake } from './wake.ts';

/** With so many bytes a request is answered, however many messages it asked for: all of an answer is in memory at once. */
const answerBytesMax = 4 * 1024 * 1024;

/** One request for messages, until it is answered. */
export class LeaseWait {
  readonly max: number;
  readonly leaseMs: number;
  readonly heldMax: number;
  readonly comesAgain: boolean;
  readonly resolve: (messages: readonly LeasedMessage[]) => void;
  readonly reject: (reason: SluiceError) => void;
  readonly collected: Entry[] = [];
  collectedBytes = 0;
  timer: Timer | undefined = undefined;

  constructor(
    { max, heldMax = Number.POSITIVE_INFINITY, comesAgain = true }: LeaseRequest,
    leaseMs: number,
    resolve: LeaseWait['resolve'],
    reject: LeaseWait['reject'],
  ) {
    this.max = Math.max(1, max);
    this.leaseMs = leaseMs;
    this.heldMax = heldMax;
    this.comesAgain = comesAgain;
    this.resolve = resolve;
    this.reject = reject;
  }
}

export interface PullListener {
  waitEnded(): void;
  /** Whether one that is idle stays for its grace. */
  mayStay(): boolean;
  left(): void;
}

/** One who asks for messages and settles them by token. It has credit while a request of its waits. */
export class PullConsumer implements Taker<Entry>, Wake {
  deadline = 0;
  heapIndex = -1;
  readonly #home: LeasingHome;
  readonly #byToken: Map<string, Entry>;
  readonly #listener: PullListener;
  readonly #slot: Slot<Entry>;
  readonly #waits = new Set<LeaseWait>();
  readonly #id: string;
  readonly #since: number;
  #settledAt: number | undefined;
  /** Not while it is idle: others need not wait until its grace is over. */
  #inDispatch = false;
  #comesAgain = true;
  #left = false;

  constructor(id: string, home: LeasingHome, byToken: Map<string, Entry>, listener: PullListener) {
    this.#id = id;
    this.#home = home;
    this.#since = home.source.context.clock.now();
    this.#byToken = byToken;
    this.#listener = listener;
    this.#slot = new Slot(this, id);
  }

  ask(wait: LeaseWait): void {
    this.#joinDispatch();
    this.#comesAgain = wait.comesAgain;
    this.#waits.add(wait);
    this.limit();
  }

  /** Of the request that is answered first. */
  get leaseMs(): number {
    const [wait] = this.#waits;
    return wait.leaseMs;
  }

  take(entry: Entry): void {
    const { id, context } = this.#home.source;
    const [wait] = this.#waits;
    entry.token = leaseToken(id, entry.sequence, entry.attempt, context.random);
    this.#byToken.set(entry.token, entry);
    wait.collected.push(entry);
    wait.collectedBytes += entry.bytes;
    // What else comes in this turn goes into the same answer.
    if (wait.collected.length === 1) queueMicrotask(() => this.finish(wait));
    if (wait.collected.length === wait.max || wait.collectedBytes >= answerBytesMax) this.#close(wait);
    else this.limit();
  }

  ended(entry: Entry): void {
    if (entry.token !== undefined) this.#byToken.delete(entry.token);
    this.#settledAt = this.#home.source.context.clock.now();
    if (this.#left) return;
    this.limit();
    this.#stayWhenIdle();
  }

  /** Answers with what was collected. */
  finish(wait: LeaseWait): void {
    this.#close(wait);
    wait.resolve(wait.collected.map(leasedMessage));
    this.#stayWhenIdle();
  }

  end(reason: SluiceError | undefined): void {
    for (const wait of [...this.#waits]) {
      this.#close(wait);
      if (reason === undefined || wait.collected.length > 0) wait.resolve(wait.collected.map(leasedMessage));
      else wait.reject(reason);
    }
    if (this.#slot.inflight === 0 || this.#home.source.removed) this.#leave();
  }

  /** Its grace is over. */
  wake(): void {
    this.#leave();
  }

  /** Gives back what it holds, and waits for nothing more. */
  leave(): void {
    this.end(undefined);
    this.#leave();
    this.#home.takeBack(this.#slot);
  }

  get info(): ConsumerInfo {
    const { inflight, limit } = this.#slot;
    return {
      id: this.#id,
      kind: 'pull',
      group: undefined,
      limit,
      inflight,
      // A lease by token takes no place once it is lost.
      lost: 0,
      since: this.#since,
      settledAt: this.#settledAt,
    };
  }

  /** What it may hold: what it holds and what its requests still want, up to the queue's limit for one consumer. */
  limit(): void {
    let wanted = 0;
    let most = this.#home.source.options.maxInflightPerConsumer;
    for (const wait of this.#waits) {
      wanted += wait.max - wait.collected.length;
      most = Math.min(most, wait.heldMax);
    }
    this.#slot.limit = Math.min(this.#slot.inflight + wanted, most);
    this.#home.dispatcher.changed(this.#slot);
  }

  #close(wait: LeaseWait): void {
    if (!this.#waits.delete(wait)) return;
    wait.timer?.cancel();
    this.#listener.waitEnded();
    this.limit();
  }

  #stayWhenIdle(): void {
    if (this.#left || this.#waits.size > 0) return;
    const { removed, context } = this.#home.source;
    if (removed) this.#leave();
    if (this.#slot.inflight > 0 || !this.#inDispatch) return;
    this.#leaveDispatch();
    if (this.#comesAgain && this.#listener.mayStay()) context.wakes.set(this, context.clock.now() + pollGraceMs);
    else this.#leave();
  }

  /** Whoever asks under its name from now on is another one. */
  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#home.source.context.wakes.remove(this);
    this.#leaveDispatch();
    this.#listener.left();
  }

  #joinDispatch(): void {
    if (this.#inDispatch) return;
    this.#inDispatch = true;
    this.#home.source.context.wakes.remove(this);
    this.#home.join(this.#slot);
  }

  #leaveDispatch(): void {
    if (!this.#inDispatch) return;
    this.#inDispatch = false;
    this.#home.leave(this.#slot);
  }
}

function leasedMessage(entry: Entry): LeasedMessage {
  const { message, queue, sequence, attempt, enqueuedAt, death } = entry;
  return {
    token: entry.token ?? '',
    delivery: { message, queue, sequence, attempt, enqueuedAt, death },
    leaseUntil: entry.deadline,
  };
}
