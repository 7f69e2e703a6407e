import type { Row } from '../../../storage/environment.ts';
import type { CountedMessage, KeptCauses } from '../causes/kept-causes.ts';
import { sequenceOfMessageKey } from '../keys.ts';
import { damageOf } from '../record.ts';
import { type SteppedLog, stepThrough } from './log-steps.ts';

/** Shows what is in the log up to, not including, `end`, in steps between which others run. */
export function showLog(
  log: SteppedLog,
  end: number,
  visit: (found: readonly CountedMessage[]) => boolean,
): Promise<void> {
  return stepThrough(log, log.first, end, (rows) => visit(rows.flatMap(countedIn)));
}

function countedIn({ key, value: record }: Row): CountedMessage[] {
  return damageOf(record) === undefined ? [{ sequence: sequenceOfMessageKey(key), record }] : [];
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
