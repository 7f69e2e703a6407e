import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../errors.ts';
import type { JsonValue } from '../std/json.ts';
import { jsonDepthMax, nestsDeeper } from '../std/json-depth.ts';

/** The JSON that the bytes are, or why they are none. `what` names them in the sentence: "an event". */
export function jsonOfBytes(bytes: Buffer, what: string): JsonValue | SluiceError {
  // Read as text, what is wrong would be replaced, and the reading not be the one that was sent.
  if (!isUtf8(bytes)) return unreadable(`Send ${what} in UTF-8: some of its bytes are not`);
  const text = bytes.toString();
  if (nestsDeeper(text, jsonDepthMax)) {
    return unreadable(`Send ${what} with at most ${jsonDepthMax} arrays and objects inside each other: this has more`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    return unreadable(`Send ${what} that is valid JSON: ${(cause as Error).message}`, cause);
  }
}

function unreadable(sentence: string, cause?: unknown): SluiceError {
  return new SluiceError('payload_unreadable', sentence, { cause });
}
