import type { ByteSink } from '../../std/bytes.ts';
import { variableByteIntegerSize, writeVariableByteInteger } from './variable-byte-integer.ts';

/** A whole packet: `firstByte`, the length of `body`, and `body`. */
export function writeFrame(sink: ByteSink, firstByte: number, body: Buffer): void {
  sink.reserve(1 + variableByteIntegerSize(body.length) + body.length);
  sink.buffer[sink.position] = firstByte;
  const at = writeVariableByteInteger(sink.buffer, sink.position + 1, body.length);
  sink.buffer.set(body, at);
  sink.position = at + body.length;
}
