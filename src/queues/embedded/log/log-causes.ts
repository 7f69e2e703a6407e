import type { Row } from '../../../storage/environment.ts';
import type { CountedMessage, KeptCauses } from '../causes/kept-causes.ts';
import type { EngineContext } from '../context.ts';
import { messageKey, sequenceOfMessageKey } from '../keys.ts';
import { damageOf } from '../record.ts';
import { stepBytesMax, stepMessagesMax } from './retention.ts';

/** A log as it is counted. */
export interface CountedLog {
  readonly id: number;
  readonly context: EngineContext;
  readonly closed: boolean;
  /** Nothing is below it, on the disk or not. */
  readonly first: number;
  /** Whether the message has left and its row may still be there. */
  isLeaving(sequence: number): boolean;
}

/** Shows what is in the log up to, not including, `end`, in steps between which others run. */
export async function showLog(
  log: CountedLog,
  end: number,
  visit: (found: readonly CountedMessage[]) => boolean,
): Promise<void> {
  const { environment, commit } = log.context;
  await commit.flushed();
  for (let from = log.first; !log.closed; from = Math.max(from, log.first)) {
    const [start, stop] = [messageKey(log.id, 0, from), messageKey(log.id, 0, end)];
    const rows = environment.readRange('messages', start, stop, stepMessagesMax, stepBytesMax);
    if (rows.length === 0) return;
    from = sequenceOfMessageKey(rows[rows.length - 1].key) + 1;
    if (!visit(rows.flatMap((row) => presentIn(log, row)))) return;
    await new Promise((resolve) => setImmediate(resolve));
    await commit.flushed();
  }
}

function presentIn(log: CountedLog, { key, value: record }: Row): CountedMessage[] {
  const sequence = sequenceOfMessageKey(key);
  if (sequence < log.first || log.isLeaving(sequence) || damageOf(record) !== undefined) return [];
  return [{ sequence, record }];
}

/** Rows leave the log; those that are dead letters leave their groups in the same commit. */
export function countOut(causes: KeptCauses, rows: readonly Row[], why: 'discarded' | 'expired'): void {
  // Nobody else reads what retention takes, and of most logs nothing is a dead letter.
  if (!causes.watches) return;
  for (const { key, value } of rows) {
    if (damageOf(value) === undefined) causes.departed(sequenceOfMessageKey(key), value, why);
    else causes.doubted();
  }
}
