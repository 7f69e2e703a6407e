import type { Row } from '../../../storage/environment.ts';
import { messageKey, sequenceOfMessageKey } from '../keys.ts';
import { enqueuedAtOf } from '../record.ts';
import type { KeptLog } from './log-removal.ts';

/** Messages and bytes that one step looks at before it lets others run. */
export const stepMessagesMax = 512;
export const stepBytesMax = 1024 * 1024;

/** What of a log, seen from its oldest message on, is beyond its limits. Asked for one message after the other. */
export class RetentionLimits {
  readonly #log: KeptLog;
  readonly #now: number;
  #messages: number;
  #bytes: number;

  constructor(log: KeptLog) {
    this.#log = log;
    this.#now = log.context.clock.now();
    this.#messages = log.messages;
    this.#bytes = log.bytes;
  }

  isBeyond(record: Buffer): boolean {
    const { ageMs, bytes, messages } = this.#log.options.retention;
    if (messages > 0 && this.#messages > messages) return true;
    if (bytes > 0 && this.#bytes > bytes) return true;
    return ageMs > 0 && enqueuedAtOf(record) + ageMs <= this.#now;
  }

  /** That one goes. */
  taken(record: Buffer): void {
    this.#messages--;
    this.#bytes -= record.length;
  }
}

/** Removes some of the oldest messages, as far as they are beyond the limits. Answers whether there may be more. */
export function retain(log: KeptLog): boolean {
  const rows = readStep(log, log.first);
  const limits = new RetentionLimits(log);
  const gone: Row[] = [];
  for (const row of rows) {
    if (!limits.isBeyond(row.value)) break;
    limits.taken(row.value);
    gone.push(row);
  }
  if (gone.length === 0) return false;
  log.removePrefix(gone, 'retention');
  return gone.length === rows.length;
}

/** Whether a log holds more than its limits on size allow. */
export function isTooLarge(log: KeptLog): boolean {
  const { bytes, messages } = log.options.retention;
  return (messages > 0 && log.messages > messages) || (bytes > 0 && log.bytes > bytes);
}

export function readStep(log: KeptLog, from: number): Row[] {
  const end = messageKey(log.id, 0, log.flushedTo);
  return log.context.environment.readRange('messages', messageKey(log.id, 0, from), end, stepMessagesMax, stepBytesMax);
}

export function endOf(rows: readonly Row[]): number {
  return sequenceOfMessageKey(rows[rows.length - 1].key) + 1;
}
