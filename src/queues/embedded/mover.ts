import { SluiceError } from '../../errors.ts';
import type { MoveRequest, MoveResult, StoredMessage } from '../engine.ts';
import type { Queue } from './queue.ts';
import { encodeRecord, withDeath } from './record.ts';
import type { Registry } from './registry.ts';
import { type Found, scan, storedMessage } from './scan.ts';

/** Skipped messages that a result lists; the others show in the difference of `matched` and `moved`. */
export const skippedListedMax = 1_000;

/** Messages that nobody holds leave one queue and enter another, each in one commit, oldest first. */
export async function move(registry: Registry, request: MoveRequest): Promise<MoveResult> {
  const source = registry.require(request.from);
  const target = request.to === undefined ? undefined : registry.require(request.to);
  if (target === source) {
    throw new SluiceError('invalid_argument', `Cannot move from queue "${source.name}" to itself: name another queue`);
  }
  const task = new MoveTask(registry, source, target, request);
  for await (const found of scan(source, 0, source.nextSequence)) {
    for (const each of found) if (!task.done) task.consider(each);
    // Bounds what is unflushed, and with it how far a move can run ahead of the disk.
    await source.context.commit.flushed();
    if (task.done) break;
  }
  return task.result;
}

/** Removes every message that nobody holds; answers how many. */
export async function purge(queue: Queue): Promise<number> {
  let purged = 0;
  for await (const found of scan(queue, 0, queue.nextSequence)) {
    for (const each of found) {
      if (storedMessage(each).state === 'leased') continue;
      take(queue, each);
      queue.totals.dropped++;
      purged++;
    }
    await queue.context.commit.flushed();
  }
  return purged;
}

class MoveTask {
  readonly #registry: Registry;
  readonly #source: Queue;
  readonly #target: Queue | undefined;
  readonly #request: MoveRequest;
  readonly #skipped: { sequence: number; reason: string }[] = [];
  #moved = 0;
  #matched = 0;
  #movable = 0;

  constructor(registry: Registry, source: Queue, target: Queue | undefined, request: MoveRequest) {
    this.#registry = registry;
    this.#source = source;
    this.#target = target;
    this.#request = request;
  }

  get done(): boolean {
    return this.#movable >= (this.#request.limit ?? Number.POSITIVE_INFINITY);
  }

  get result(): MoveResult {
    return { moved: this.#moved, matched: this.#matched, skipped: this.#skipped };
  }

  consider(found: Found): void {
    const stored = storedMessage(found);
    if (this.#request.match?.(stored) === false) return;
    this.#matched++;
    try {
      this.#move(found, stored);
    } catch (problem) {
      this.#skip(found, (problem as Error).message);
    }
  }

  #move(found: Found, stored: StoredMessage): void {
    if (stored.state === 'leased') throw new SluiceError('conflict', 'A consumer holds the message');
    const target = this.#target ?? this.#origin(stored);
    const record = this.#recordFor(target, found, stored);
    if (!target.hasRoom(record.length)) throw new SluiceError('queue_full', `Queue "${target.name}" is full`);
    this.#movable++;
    if (this.#request.dryRun === true) return;
    take(this.#source, found);
    this.#source.totals.moved++;
    target.append(record);
    target.pumpLater();
    this.#moved++;
  }

  #origin(stored: StoredMessage): Queue {
    if (stored.death === undefined) {
      throw new SluiceError('invalid_argument', 'The message is no dead letter: name the queue to move it to');
    }
    const origin = this.#registry.require(stored.death.queue);
    if (origin === this.#source) throw new SluiceError('invalid_argument', 'The message comes from this queue itself');
    return origin;
  }

  /** Back in its own queue a dead letter is a message again; elsewhere it stays one and keeps its story. */
  #recordFor(target: Queue, found: Found, stored: StoredMessage): Buffer {
    const now = this.#source.context.clock.now();
    const { edit } = this.#request;
    const record = edit === undefined ? found.record : encodeRecord(edit(stored.message), now);
    return withDeath(record, stored.death?.queue === target.name ? undefined : stored.death, now);
  }

  #skip(found: Found, reason: string): void {
    if (this.#skipped.length < skippedListedMax) this.#skipped.push({ sequence: found.sequence, reason });
  }
}

function take(queue: Queue, { entry, sequence, record, failure }: Found): void {
  if (entry === undefined) queue.discardOnDisk(sequence, record.length, failure);
  else queue.discard(entry);
}
