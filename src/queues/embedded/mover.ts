import { SluiceError } from '../../errors.ts';
import type { MoveRequest, MoveResult, StoredMessage } from '../engine.ts';
import { queueNotFound } from './admission.ts';
import type { Queue } from './queue.ts';
import { encodeRecord, withDeath } from './record.ts';
import type { Registry } from './registry.ts';
import { type Found, scan, storedMessage, storedState } from './scan.ts';

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
  await scan(source, 0, source.nextSequence, (found) => task.consider(found));
  // The last step's messages must be on disk before anybody is told that they moved.
  await source.context.commit.flushed();
  return task.result;
}

/** Removes every message that nobody holds; answers how many. */
export async function purge(queue: Queue): Promise<number> {
  let purged = 0;
  await scan(queue, 0, queue.nextSequence, (found) => {
    for (const each of found) {
      if (storedState(each) === 'leased') continue;
      take(queue, each);
      queue.totals.dropped.purged++;
      purged++;
    }
    return true;
  });
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

  get result(): MoveResult {
    return { moved: this.#moved, matched: this.#matched, skipped: this.#skipped };
  }

  /** False once the limit is reached. */
  consider(found: readonly Found[]): boolean {
    const { limit = Number.POSITIVE_INFINITY } = this.#request;
    for (const each of found) {
      if (this.#movable >= limit) return false;
      this.#considerOne(each);
    }
    return this.#movable < limit;
  }

  #considerOne(found: Found): void {
    const stored = storedMessage(found);
    if (this.#request.match?.(stored) === false) return;
    this.#matched++;
    const plan = this.#plan(found, stored);
    if (plan === undefined) return;
    this.#movable++;
    if (this.#request.dryRun === true) return;
    take(this.#source, found);
    this.#source.totals.moved++;
    plan.target.intake.append(plan.record);
    plan.target.delivery.pumpLater();
    this.#moved++;
  }

  /** Where the message goes and as what; undefined where it cannot go, which is listed with its reason. */
  #plan(found: Found, stored: StoredMessage): { target: Queue; record: Buffer } | undefined {
    try {
      if (stored.state === 'leased') throw new SluiceError('conflict', 'A consumer holds the message');
      const target = this.#target ?? this.#origin(stored);
      if (target.removed) throw queueNotFound(target.name);
      const record = this.#recordFor(target, found, stored);
      if (!target.hasRoom(record.length)) throw new SluiceError('queue_full', `Queue "${target.name}" is full`);
      return { target, record };
    } catch (problem) {
      const reason = problem instanceof Error ? problem.message : String(problem);
      if (this.#skipped.length < skippedListedMax) this.#skipped.push({ sequence: found.sequence, reason });
      return undefined;
    }
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
}

function take(queue: Queue, found: Found): void {
  if (found.entry === undefined) queue.discardOnDisk(found);
  else queue.discard(found.entry);
}
