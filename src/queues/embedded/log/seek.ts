import type { GroupStart } from '../../group-start.ts';
import type { EngineContext } from '../context.ts';
import { messageKey, sequenceOfMessageKey } from '../keys.ts';
import { enqueuedAtOf } from '../record.ts';

/** A log in which a place is looked for. */
interface SoughtLog {
  readonly id: number;
  readonly context: Pick<EngineContext, 'environment'>;
  readonly first: number;
  readonly flushedTo: number;
  readonly nextSequence: number;
}

/** The sequence from where on a group reads that starts there. A place outside of the log is its nearer end. */
export function positionOf(log: SoughtLog, start: GroupStart): number {
  if (start === 'earliest') return log.first;
  if (start === 'latest') return log.nextSequence;
  if ('sequence' in start) return Math.min(Math.max(start.sequence, log.first), log.nextSequence);
  return firstSince(log, start.timeMs);
}

/** By halving what is left: messages lie in the order in which they came. */
function firstSince(log: SoughtLog, timeMs: number): number {
  let low = log.first;
  let high = log.flushedTo;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = firstFrom(log, middle, high);
    if (row === undefined || enqueuedAtOf(row.value) >= timeMs) {
      high = middle;
    } else {
      low = sequenceOfMessageKey(row.key) + 1;
    }
  }
  return low;
}

function firstFrom(log: SoughtLog, from: number, end: number): { key: Buffer; value: Buffer } | undefined {
  const { environment } = log.context;
  return environment.readRange('messages', messageKey(log.id, 0, from), messageKey(log.id, 0, end), 1)[0];
}
