import type { Message } from '../../message.ts';
import { messageOf } from './record.ts';

/** Where the topic of a damaged message cannot be read. */
const unreadableTopic = '$damaged';
/** Not in the name of a topic, or what reading broken UTF-8 puts in its place. */
const notInTopic = /[+#\0\ufffd]/;

/**
 * What can be read of a damaged record, as a message that is safe to look at. Its properties may have been changed into
 * something that no publisher could have sent, so they stay behind; where nothing can be read, the bytes of the record
 * are the payload.
 */
export function salvage(record: Buffer, now: number): Message {
  try {
    const message = messageOf(record);
    if (isTopic(message.topic)) return { ...message, properties: undefined };
    return unreadable(record, now);
  } catch {
    return unreadable(record, now);
  }
}

function unreadable(record: Buffer, now: number): Message {
  return {
    topic: unreadableTopic,
    payload: record,
    qos: 1,
    retain: false,
    properties: undefined,
    receivedAt: now,
    publisher: '',
  };
}

function isTopic(topic: string): boolean {
  return topic.length > 0 && !notInTopic.test(topic);
}
