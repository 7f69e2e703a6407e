import { SluiceError } from '../../errors.ts';

/** The two bytes of length in front of a string or of binary data can say no more: sections 1.5.4 and 1.5.6. */
export const stringBytesMax = 65_535;

/** Up to this length a loop in JavaScript is faster than a call into native code. */
const loopMax = 48;

/** Bytes of the string in UTF-8, without the length in front. Throws `invalid_argument` where MQTT cannot carry it. */
export function stringSize(text: string): number {
  const size = text.length <= loopMax && isAscii(text) ? text.length : Buffer.byteLength(text);
  if (size > stringBytesMax) throw tooLong(size);
  return size;
}

/** Writes length and string; `size` is the answer of `stringSize`. Answers the position behind it. */
export function writeString(buffer: Buffer, start: number, text: string, size: number): number {
  buffer[start] = size >> 8;
  buffer[start + 1] = size & 0xff;
  const at = start + 2;
  // As many bytes as UTF-16 units: nothing but ASCII.
  if (size !== text.length) buffer.write(text, at, size, 'utf8');
  else if (size > loopMax) buffer.write(text, at, size, 'latin1');
  else for (let index = 0; index < size; index++) buffer[at + index] = text.charCodeAt(index);
  return at + size;
}

/** Writes length and bytes. Answers the position behind them. */
export function writeBinary(buffer: Buffer, start: number, bytes: Buffer): number {
  if (bytes.length > stringBytesMax) throw tooLong(bytes.length);
  buffer[start] = bytes.length >> 8;
  buffer[start + 1] = bytes.length & 0xff;
  buffer.set(bytes, start + 2);
  return start + 2 + bytes.length;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) >= 0x80) return false;
  }
  return true;
}

function tooLong(size: number): SluiceError {
  return new SluiceError(
    'invalid_argument',
    `Cannot encode a field of ${size} bytes: MQTT strings and binary data take at most ${stringBytesMax}`,
  );
}
