/** Up to this length a loop in JavaScript is faster than a call into native code. */
const loopMax = 48;

/** Bytes of the text in UTF-8. */
export function utf8Size(text: string): number {
  return text.length <= loopMax && isAscii(text) ? text.length : Buffer.byteLength(text);
}

/** Writes the text in UTF-8; `size` is the answer of `utf8Size`. Answers the position behind it. */
export function writeUtf8(buffer: Buffer, at: number, text: string, size: number): number {
  // As many bytes as UTF-16 units: nothing but ASCII.
  if (size !== text.length) buffer.write(text, at, size, 'utf8');
  else if (size > loopMax) buffer.write(text, at, size, 'latin1');
  else for (let index = 0; index < size; index++) buffer[at + index] = text.charCodeAt(index);
  return at + size;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) >= 0x80) return false;
  }
  return true;
}
