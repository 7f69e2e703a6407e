import { createHash } from 'node:crypto';

/*
 * The key of a retained message is its topic in UTF-8 with 0x00 in place of each '/'. No topic holds U+0000, so keys sort
 * level by level, and a topic with all that lies below it is one range:
 *
 *   a   a 00   a 00 b   a 00 b 00 c   a 00 b 01   a 00 bc   a 01   ab
 *
 * A topic of more bytes than a whole key has is cut there; 0xff, which UTF-8 never holds, and the topic's SHA-256 follow.
 * So it lies behind every whole key that it begins with, among the topics that it belongs to.
 *
 *   +--------------------------+------+----------------+
 *   | first 1,024 bytes        | 0xff | SHA-256        |
 *   +--------------------------+------+----------------+
 */
export function retainedKey(topic: string): Buffer {
  const bytes = levelBytes(topic);
  if (bytes.length <= wholeKeyBytesMax) return bytes;
  return Buffer.concat([bytes.subarray(0, wholeKeyBytesMax), cutMark, createHash('sha256').update(bytes).digest()]);
}

/** Whether the key holds the beginning of its topic alone. */
export function isCut(key: Buffer): boolean {
  return key.length > wholeKeyBytesMax;
}

/** One or more levels as they stand in keys. */
export function levelBytes(levels: string): Buffer {
  const bytes = Buffer.from(levels);
  for (let at = bytes.indexOf(slash); at >= 0; at = bytes.indexOf(slash, at + 1)) bytes[at] = levelEnd;
  return bytes;
}

/** Ends a level that is not the last. */
export const levelEnd = 0x00;
const slash = 0x2f;
/** Well below what a table takes, so that pages of the longest keys still branch. */
export const wholeKeyBytesMax = 1_024;
export const cutMark = Buffer.from([0xff]);
