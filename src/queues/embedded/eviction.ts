import type { Departure } from '../causes/dead-letter-groups.ts';
import { Entry } from './entry.ts';
import type { Lanes } from './lanes.ts';
import type { QueueCore } from './queue-core.ts';
import type { Schedule } from './schedule.ts';
import type { StoredRow } from './stored-row.ts';

/** A full queue that makes room for what comes. */
interface EvictingQueue extends QueueCore {
  readonly lanes: Lanes;
  readonly schedule: Schedule;
  discard(entry: Entry, why: Departure): void;
  discardOnDisk(row: StoredRow, why: Departure): void;
}

/** Whether the queue is not full any more when all that nobody holds has gone. */
export function canMakeRoom(queue: EvictingQueue, bytes: number): boolean {
  const { limits } = queue.options;
  const { leased, leasedBytes } = queue.delivery;
  if (limits.messages > 0 && leased >= limits.messages) return false;
  return limits.bytes === 0 || leasedBytes + bytes <= limits.bytes;
}

/** Drops the oldest of what is ready until there is room. What waits for its time is not touched, unless nothing else is left. */
export function makeRoom(queue: EvictingQueue, bytes: number): void {
  while (!queue.hasRoom(bytes)) {
    const oldest = oldestOf(queue);
    if (oldest === undefined) return;
    drop(queue, oldest);
  }
}

function drop(queue: EvictingQueue, oldest: Entry | StoredRow): void {
  queue.totals.dropped.overflow++;
  if (oldest instanceof Entry) queue.discard(oldest, 'discarded');
  else queue.discardOnDisk(oldest, 'discarded');
}

function oldestOf(queue: EvictingQueue): Entry | StoredRow | undefined {
  const { selector, lanes, schedule } = queue;
  // What is on disk alone is the oldest of its lane where nothing of that is in memory.
  const firsts = lanes.all.map((lane) => lane.first());
  let oldest: Entry | StoredRow | undefined = selector.oldest();
  for (const first of firsts) {
    if (first !== undefined && (oldest === undefined || first.sequence < oldest.sequence)) oldest = first;
  }
  return oldest ?? schedule.firstInMemory ?? schedule.firstAlone();
}

/** The same for what is of no higher priority than lane `highest`: what is read of it is enough, and what is on disk alone is not asked. */
export function canDropLower(queue: EvictingQueue, bytes: number, highest: number): boolean {
  const { limits } = queue.options;
  let messages = limits.messages === 0 ? 0 : queue.messages + 1 - limits.messages;
  let missing = limits.bytes === 0 ? 0 : queue.bytes + bytes - limits.bytes;
  for (const lane of queue.lanes.all.slice(0, highest + 1)) {
    const first = lane.first();
    const known = first === undefined || first instanceof Entry ? lane.ready : [first];
    for (const { record } of known) {
      messages--;
      missing -= record.length;
      if (messages <= 0 && missing <= 0) return true;
    }
  }
  return false;
}

/** Drops the oldest of the lowest priority until there is room. */
export function dropLower(queue: EvictingQueue, bytes: number, highest: number): void {
  const lanes = queue.lanes.all.slice(0, highest + 1);
  while (!queue.hasRoom(bytes)) {
    const oldest = lanes.find((lane) => lane.first() !== undefined)?.first();
    if (oldest === undefined) return;
    drop(queue, oldest);
  }
}
