import { SluiceError } from '../../../errors.ts';
import type { Departure } from '../../causes/dead-letter-groups.ts';
import { requireGroupStart } from '../../group-start.ts';
import type { MoveSpec } from '../../move-spec.ts';
import { hasExpired } from '../expiry.ts';
import { sequenceOfMessageKey } from '../keys.ts';
import { LogQueue } from '../log/log-queue.ts';
import { stepThrough } from '../log/log-steps.ts';
import { positionOf } from '../log/seek.ts';
import { take } from '../purge.ts';
import type { Queue } from '../queue.ts';
import type { AnyQueue } from '../queue-kinds.ts';
import { damageOf } from '../record.ts';
import { type Found, scan } from '../scan.ts';

/** Which messages a move may take: from `start` up to, not including, `end`, which are `total` at most. */
export interface MoveRange {
  readonly start: number;
  readonly end: number;
  readonly total: number;
}

/** Where a move has its messages from, and what becomes of them there. */
export interface MoveSource {
  readonly queue: AnyQueue;
  /** Throws `invalid_argument` where there are no such places. What comes after the call is not in it. */
  range(spec: MoveSpec): MoveRange | Promise<MoveRange>;
  /** As `scan` of a work queue does it. */
  scan(from: number, end: number, visit: (found: readonly Found[]) => boolean): Promise<void>;
  /** Why a message that was found cannot be read. */
  damageOf(found: Found): string | undefined;
  /** Why a message that was found, as it would arrive, must stay. */
  refusalOf(record: Buffer): string | undefined;
  /** It is in the other queue with the open batch. */
  passed(found: Found, why: Departure): void;
}

export function moveSourceOf(queue: AnyQueue): MoveSource {
  return queue instanceof LogQueue ? new LogSource(queue) : new WorkSource(queue);
}

/** Refuses what cannot be asked of such a queue, with what can. Throws `invalid_argument`. */
export function checkSource({ copy = false, start, end }: MoveSpec, queue: AnyQueue): void {
  const { name } = queue;
  if (queue instanceof LogQueue) {
    if (copy) return;
    const call = `POST /v1/moves with "copy": true, or \`sluice move start ${name} --copy\``;
    const reason = `it is a log, whose messages stay in it; copy them: ${call}`;
    throw new SluiceError('invalid_argument', `Cannot move messages out of "${name}": ${reason}`);
  }
  if (copy) {
    const reason =
      'it is a work queue, and what it holds is in one place; move them, or bind another queue to its topics';
    throw new SluiceError('invalid_argument', `Cannot copy messages of "${name}": ${reason}`);
  }
  if (start === undefined && end === undefined) return;
  const reason = 'it is a work queue; name sequences in the filter (fromSequence, toSequence)';
  throw new SluiceError('invalid_argument', `Cannot start or end at a place of "${name}": ${reason}`);
}

class WorkSource implements MoveSource {
  readonly queue: Queue;

  constructor(queue: Queue) {
    this.queue = queue;
  }

  range(): MoveRange {
    const { nextSequence, messages } = this.queue;
    return { start: 0, end: nextSequence, total: messages };
  }

  scan(from: number, end: number, visit: (found: readonly Found[]) => boolean): Promise<void> {
    return scan(this.queue, from, end, visit);
  }

  /** The scan has seen to that. */
  damageOf(): undefined {
    return undefined;
  }

  refusalOf(): undefined {
    return undefined;
  }

  passed(found: Found, why: Departure): void {
    take(this.queue, found, why);
    this.queue.totals.moved++;
  }
}

/** What is copied stays, so nothing changes here. */
class LogSource implements MoveSource {
  readonly queue: LogQueue;

  constructor(queue: LogQueue) {
    this.queue = queue;
  }

  async range(spec: MoveSpec): Promise<MoveRange> {
    const { queue } = this;
    const from = requireGroupStart(spec.start ?? 'earliest', 'start at');
    const to = requireGroupStart(spec.end ?? 'latest', 'end at');
    const { nextSequence } = queue;
    // A place by its time is looked for on disk.
    await queue.context.commit.flushed();
    if (queue.closed)
      throw new SluiceError('unavailable', `Cannot copy out of "${queue.name}": it has ended meanwhile`);
    const [start, end] = [from, to].map((place) => Math.min(positionOf(queue, place), nextSequence));
    if (start <= end) return { start, end, total: Math.min(queue.messages, end - start) };
    throw new SluiceError(
      'invalid_argument',
      `Give an end that is not before the start: the copy of "${queue.name}" would start at ${start} and end at ${end}`,
    );
  }

  scan(from: number, end: number, visit: (found: readonly Found[]) => boolean): Promise<void> {
    return stepThrough(this.queue, from, end, (rows) =>
      visit(
        rows.map(({ key, value: record }) => {
          const sequence = sequenceOfMessageKey(key);
          return { lane: 0, sequence, record, waiting: undefined, entry: undefined };
        }),
      ),
    );
  }

  damageOf({ record }: Found): string | undefined {
    return damageOf(record);
  }

  /** Its groups pass over it too. */
  refusalOf(record: Buffer): string | undefined {
    if (!hasExpired(record, 0, this.queue.context.clock.now())) return undefined;
    return 'The message has expired: give it more time with expirySeconds of the edit';
  }

  passed(): void {
    // It is here as before.
  }
}
