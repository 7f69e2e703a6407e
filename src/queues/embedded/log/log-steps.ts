import type { Row } from '../../../storage/environment.ts';
import type { EngineContext } from '../context.ts';
import { messageKey, sequenceOfMessageKey } from '../keys.ts';
import { stepBytesMax, stepMessagesMax } from './retention.ts';

/** A log whose messages are looked at one after the other. */
export interface SteppedLog {
  readonly id: number;
  readonly context: Pick<EngineContext, 'environment' | 'commit'>;
  readonly closed: boolean;
  /** Nothing is below it, on the disk or not. */
  readonly first: number;
  /** Whether the message has left and its row may still be there. */
  isLeaving(sequence: number): boolean;
}

/**
 * Shows the rows of what is in the log from `from` up to, not including, `end`, in steps between which others run; `visit`
 * answers whether to go on. What it staged is flushed before the next step.
 */
export async function stepThrough(
  log: SteppedLog,
  from: number,
  end: number,
  visit: (rows: readonly Row[]) => boolean,
): Promise<void> {
  const { environment, commit } = log.context;
  // The disk shows what is flushed, so everything up to now is brought there.
  await commit.flushed();
  for (let at = from; !log.closed; ) {
    at = Math.max(at, log.first);
    const [start, stop] = [messageKey(log.id, 0, at), messageKey(log.id, 0, end)];
    const rows = at < end ? environment.readRange('messages', start, stop, stepMessagesMax, stepBytesMax) : [];
    if (rows.length === 0) return;
    at = sequenceOfMessageKey(rows[rows.length - 1].key) + 1;
    if (!visit(rows.filter((row) => isPresent(log, row)))) return;
    await new Promise((resolve) => setImmediate(resolve));
    await commit.flushed();
  }
}

function isPresent(log: SteppedLog, { key }: Row): boolean {
  const sequence = sequenceOfMessageKey(key);
  return sequence >= log.first && !log.isLeaving(sequence);
}
