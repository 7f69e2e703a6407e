import { SluiceError } from '../../errors.ts';
import { utf8Size, writeUtf8 } from '../../std/text.ts';

/** The two bytes of length in front of a string or of binary data can say no more: sections 1.5.4 and 1.5.6. */
export const stringBytesMax = 65_535;

/** Bytes of the string in UTF-8, without the length in front. Throws `invalid_argument` where MQTT cannot carry it. */
export function stringSize(text: string): number {
  const size = utf8Size(text);
  if (size > stringBytesMax) throw tooLong(size);
  return size;
}

/** Writes length and string; `size` is the answer of `stringSize`. Answers the position behind it. */
export function writeString(buffer: Buffer, start: number, text: string, size: number): number {
  buffer[start] = size >> 8;
  buffer[start + 1] = size & 0xff;
  return writeUtf8(buffer, start + 2, text, size);
}

/** Writes length and bytes. Answers the position behind them. */
export function writeBinary(buffer: Buffer, start: number, bytes: Buffer): number {
  if (bytes.length > stringBytesMax) throw tooLong(bytes.length);
  buffer[start] = bytes.length >> 8;
  buffer[start + 1] = bytes.length & 0xff;
  buffer.set(bytes, start + 2);
  return start + 2 + bytes.length;
}

function tooLong(size: number): SluiceError {
  return new SluiceError(
    'invalid_argument',
    `Cannot encode a field of ${size} bytes: MQTT strings and binary data take at most ${stringBytesMax}`,
  );
}
