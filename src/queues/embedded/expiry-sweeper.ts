import { nextTurn } from '../../std/in-slices.ts';
import { StepTime } from '../../std/step-time.ts';
import type { Departure } from '../causes/dead-letter-groups.ts';
import type { Entry } from './entry.ts';
import { hasExpired } from './expiry.ts';
import { expiryKey, placeOfExpiryKey } from './keys.ts';
import { enqueuedAtOf, expiresAtOf, sparedByTtl } from './record.ts';
import { type Found, findAt, foundInMemory, type ScannedQueue, scan, scanBytesMax, scanMessagesMax } from './scan.ts';
import { buryExpired } from './settlement.ts';
import type { StoredRow } from './stored-row.ts';
import { State } from './transitions.ts';
import type { Wake } from './wake.ts';

interface ExpiringQueue extends ScannedQueue {
  discard(entry: Entry, why: Departure): void;
  discardOnDisk(row: StoredRow, why: Departure): void;
}

/** Between the beginnings of two sweeps of a queue: what expires meanwhile is not delivered, only counted later. */
const sweepGapMs = 1_000;

/**
 * Ends messages whose time is over while nobody consumes. Those with an expiry of their own are found by their rows in
 * `expiries`; those that the queue's ttl ends are the oldest, so looking at the first one that is young enough ends the
 * search. What a consumer holds is passed over here, and looked at when its lease ends.
 */
export class ExpirySweeper implements Wake {
  readonly #queue: ExpiringQueue;
  readonly #step: StepTime;
  deadline = 0;
  heapIndex = -1;
  /** What is left below it the ttl does not end, or is leased. */
  #cursor = 0;
  #sweptAt = 0;
  #sweeping = false;
  #again = false;

  constructor(queue: ExpiringQueue) {
    this.#queue = queue;
    this.#step = new StepTime(queue.context.monotonicMs);
  }

  /** When the queue is opened with messages in it. */
  open(): void {
    this.#wakeAt(this.#queue.context.clock.now());
  }

  arrived(record: Buffer): void {
    const own = expiresAtOf(record);
    if (own !== 0) this.#wakeAt(own);
    if (this.heapIndex < 0 && this.#queue.ttlMs > 0) this.#wakeAt(enqueuedAtOf(record) + this.#queue.ttlMs);
  }

  ttlChanged(): void {
    this.#cursor = 0;
    this.#again = this.#sweeping;
    this.#wakeAt(this.#queue.context.clock.now());
  }

  stop(): void {
    this.#queue.context.wakes.remove(this);
  }

  wake(now: number): void {
    this.#again = this.#sweeping;
    if (this.#sweeping) return;
    this.#sweeping = true;
    this.#sweptAt = now;
    // What fails is storage, which ends the process by itself.
    this.#sweep().catch((problem) =>
      this.#queue.context.log.error('Could not look for expired messages', { queue: this.#queue.name, problem }),
    );
  }

  async #sweep(): Promise<void> {
    do {
      this.#again = false;
      if (this.#queue.isInMemory) await this.#sweepUnwritten();
      await this.#sweepOwn();
      await this.#sweepOld();
    } while (this.#again && !this.#queue.closed);
    this.#sweeping = false;
  }

  /** A queue that writes nothing has no rows to find its messages by. */
  async #sweepUnwritten(): Promise<void> {
    const now = this.#queue.context.clock.now();
    let next = Number.POSITIVE_INFINITY;
    this.#step.begin();
    for (const found of [...foundInMemory(this.#queue)]) {
      if (this.#step.isOver) {
        await nextTurn();
        this.#step.begin();
      }
      if (this.#queue.closed) return;
      const own = expiresAtOf(found.record);
      if (own > now) next = Math.min(next, own);
      else if (own !== 0) this.#end(found, now);
    }
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next);
  }

  async #sweepOwn(): Promise<void> {
    const { context, id } = this.#queue;
    let from: Buffer | undefined = expiryKey(id, 0, 0, 0);
    while (from !== undefined) {
      // The disk shows what is flushed, so everything up to now is brought there.
      await context.commit.flushed();
      if (this.#queue.closed) return;
      from = this.#sweepStep(from, context.clock.now());
      if (from !== undefined) await nextTurn();
    }
  }

  /** Answers where to go on, or undefined at the end. */
  #sweepStep(from: Buffer, now: number): Buffer | undefined {
    const { id, context } = this.#queue;
    const { environment } = context;
    const end = expiryKey(id, now + 1, 0, 0);
    const keys = environment.readKeys('expiries', from, end, scanMessagesMax);
    let bytes = 0;
    this.#step.begin();
    for (const [index, found] of findAt(this.#queue, keys.map(placeOfExpiryKey))) {
      if (found === undefined) context.commit.remove('expiries', keys[index]);
      else this.#end(found, now);
      bytes += found?.record.length ?? 0;
      if (bytes >= scanBytesMax || this.#step.isOver) return keys[index + 1] ?? end;
    }
    if (keys.length >= scanMessagesMax) return Buffer.concat([keys[keys.length - 1], Buffer.of(0)]);
    const [next] = environment.readKeys('expiries', end, expiryKey(id + 1, 0, 0, 0), 1);
    if (next !== undefined) this.#wakeAt(placeOfExpiryKey(next).expiresAt);
    return undefined;
  }

  async #sweepOld(): Promise<void> {
    const queue = this.#queue;
    if (queue.ttlMs === 0) return;
    for (let isCut = true; isCut && !queue.closed; ) {
      isCut = false;
      await scan(queue, this.#cursor, queue.nextSequence, (found) => {
        this.#step.begin();
        return found.every((each) => {
          isCut = this.#step.isOver;
          return !isCut && this.#isOld(each);
        });
      });
    }
  }

  /** False for the first one that is young enough to stay, as all behind it are. */
  #isOld(found: Found): boolean {
    const { ttlMs, context } = this.#queue;
    const end = enqueuedAtOf(found.record) + ttlMs;
    const now = context.clock.now();
    if (end > now && !sparedByTtl(found.record)) {
      if (ttlMs > 0) this.#wakeAt(end);
      return false;
    }
    this.#cursor = found.sequence + 1;
    this.#end(found, now);
    return true;
  }

  #end(found: Found, now: number): void {
    const queue = this.#queue;
    const { entry, record } = found;
    if (entry !== undefined && !waits(entry)) return;
    if (!hasExpired(record, queue.ttlMs, now)) return;
    if (entry === undefined) queue.discardOnDisk(found, 'expired');
    else queue.discard(entry, 'expired');
    buryExpired(queue, found, now);
  }

  #wakeAt(at: number): void {
    const next = Math.max(at, this.#sweptAt + sweepGapMs);
    if (this.heapIndex < 0 || next < this.deadline) this.#queue.context.wakes.set(this, next);
  }
}

/** Between two steps it may have been handed out, or gone. */
function waits({ state }: Entry): boolean {
  return state === State.ready || state === State.scheduled;
}
