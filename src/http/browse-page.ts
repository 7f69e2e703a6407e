import type { BrowsePage, BrowseRequest, Engine, StoredMessage } from '../queues/engine.ts';

/** Payload bytes of one page; the page ends with the message that goes beyond. */
const pageBytesMax = 4 * 1024 * 1024;
/** Messages read at a time, so that large ones are not all in memory before the page is full. */
const readMessagesMax = 64;

/** One page of a queue, bounded by its limit and by its bytes. */
export async function browsePage(engine: Engine, queue: string, request: BrowseRequest): Promise<BrowsePage> {
  const messages: StoredMessage[] = [];
  let from = request.from;
  let bytes = 0;
  for (;;) {
    const limit = Math.min(readMessagesMax, request.limit - messages.length);
    const page = await engine.browse(queue, { ...request, from, limit });
    for (const stored of page.messages) {
      messages.push(stored);
      bytes += stored.message.payload.length;
      if (bytes >= pageBytesMax) return { messages, next: stored.sequence + 1 };
    }
    if (page.next === undefined || messages.length >= request.limit) return { messages, next: page.next };
    from = page.next;
  }
}
