import type { BrowsePage, BrowseRequest, StoredMessage } from '../../engine.ts';
import { messageKey, sequenceOfMessageKey } from '../keys.ts';
import { damageOf, deathOf, enqueuedAtOf, messageOf } from '../record.ts';
import { browseMessagesMax, scanMessagesMax } from '../scan.ts';
import type { LogQueue } from './log-queue.ts';

const scanBytesMax = 1024 * 1024;

/** Reads a log without being a group of it. What each group did with a message is not the message's, so all are ready. */
export async function browseLog(log: LogQueue, request: BrowseRequest): Promise<BrowsePage> {
  const { environment, commit } = log.context;
  const match = request.match ?? (() => true);
  const messages: StoredMessage[] = [];
  await commit.flushed();
  const end = messageKey(log.id, 0, log.flushedTo);
  let from = Math.max(request.from, log.first);
  for (let looked = 0; looked < browseMessagesMax; ) {
    const rows = environment.readRange('messages', messageKey(log.id, 0, from), end, scanMessagesMax, scanBytesMax);
    if (rows.length === 0) return { messages, next: undefined };
    for (const { key, value } of rows) {
      from = sequenceOfMessageKey(key);
      if (messages.length >= request.limit) return { messages, next: from };
      from++;
      looked++;
      const stored = damageOf(value) === undefined ? storedMessage(from - 1, value) : undefined;
      if (stored !== undefined && match(stored, log.causes)) messages.push(stored);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { messages, next: from };
}

function storedMessage(sequence: number, record: Buffer): StoredMessage {
  return {
    sequence,
    state: 'ready',
    attempts: 0,
    enqueuedAt: enqueuedAtOf(record),
    availableAt: undefined,
    lastError: undefined,
    message: messageOf(record),
    death: deathOf(record),
  };
}
