import type { Row } from '../../../storage/environment.ts';
import { loadBytesMax, loadMessagesMax } from '../backlog.ts';
import type { EngineContext } from '../context.ts';
import type { HotShare } from '../hot-window.ts';
import { messageKey, sequenceOfMessageKey } from '../keys.ts';
import type { LogTail } from './log-tail.ts';

/** What a reader needs of its log. */
export interface ReadLog {
  readonly id: number;
  readonly context: Pick<EngineContext, 'environment'>;
  readonly hot: HotShare;
  readonly tail: LogTail;
  /** Messages below this are on disk. */
  readonly flushedTo: number;
  /** Whether the message has left and its row may still be there. */
  isLeaving(sequence: number): boolean;
}

/**
 * Goes through a log from `cursor` on: at its end in the tail that all readers share, before that in pages of its own. It
 * shows what is flushed and nothing else, so that no consumer has seen a message that a crash takes back.
 */
export class LogReader {
  readonly #log: ReadLog;
  #page: Row[] = [];
  #at = 0;
  /** The next message to look at. */
  cursor: number;
  /** Whether what was found last was read from disk. */
  fromDisk = false;

  constructor(log: ReadLog, cursor: number) {
    this.#log = log;
    this.cursor = cursor;
  }

  /** The record of the message at the cursor, which goes ahead over what is not there any more; undefined at the end. */
  find(): Buffer | undefined {
    const { tail, flushedTo } = this.#log;
    if (this.cursor >= flushedTo) return undefined;
    const record = tail.get(this.cursor);
    this.fromDisk = record === undefined;
    if (record === undefined) return this.#findOnDisk();
    this.drop();
    return record;
  }

  /** Messages up to there have left the log. */
  left(sequence: number): void {
    if (sequence >= this.cursor) this.drop();
  }

  /** Forgets what it has read ahead. */
  drop(): void {
    if (this.#page.length === 0) return;
    for (const { value } of this.#page) this.#log.hot.remove(value.length);
    this.#page = [];
    this.#at = 0;
  }

  #findOnDisk(): Buffer | undefined {
    while (this.cursor < this.#log.flushedTo) {
      const row = this.#rowInPage() ?? this.#readPage();
      if (row === undefined) {
        this.cursor = this.#log.flushedTo;
        return undefined;
      }
      this.cursor = sequenceOfMessageKey(row.key);
      return row.value;
    }
    return undefined;
  }

  /** The first row of the page at or behind the cursor, which may have gone ahead or back. */
  #rowInPage(): Row | undefined {
    const first = this.#page[0];
    if (first === undefined || this.cursor < sequenceOfMessageKey(first.key)) return undefined;
    if (this.#at > 0 && this.cursor <= sequenceOfMessageKey(this.#page[this.#at - 1].key)) this.#at = 0;
    while (this.#at < this.#page.length && sequenceOfMessageKey(this.#page[this.#at].key) < this.cursor) this.#at++;
    return this.#page[this.#at];
  }

  #readPage(): Row | undefined {
    const { hot } = this.#log;
    this.drop();
    for (let from = this.cursor; this.#page.length === 0; ) {
      const rows = this.#rowsFrom(from);
      if (rows.length === 0) return undefined;
      this.#page = rows.filter(({ key }) => !this.#log.isLeaving(sequenceOfMessageKey(key)));
      from = sequenceOfMessageKey(rows[rows.length - 1].key) + 1;
    }
    for (const { value } of this.#page) hot.add(value.length);
    return this.#page[0];
  }

  #rowsFrom(sequence: number): Row[] {
    const { id, context, hot, flushedTo } = this.#log;
    return context.environment.readRange(
      'messages',
      messageKey(id, 0, sequence),
      messageKey(id, 0, flushedTo),
      Math.min(loadMessagesMax, hot.messagesToRead),
      Math.min(loadBytesMax, hot.bytesToRead),
    );
  }
}
