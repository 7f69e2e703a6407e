import { isUtf8 } from 'node:buffer';
import { malformed } from './malformed.ts';

/**
 * Reads a UTF-8 Encoded String: well-formed [MQTT-1.5.4-1], without U+0000 [MQTT-1.5.4-2]; a byte order mark stays what it
 * is [MQTT-1.5.4-3].
 */
export function decodeUtf8(buffer: Buffer, start: number, end: number, packet: string, field: string): string {
  for (let at = start; at < end; at++) {
    const byte = buffer[at];
    if (byte === 0) throw malformed(packet, `${field} without U+0000`, `one at byte ${at - start}`, 'MQTT-1.5.4-2');
    if (byte >= 0x80) return decodeWide(buffer, start, end, packet, field);
  }
  return buffer.toString('latin1', start, end);
}

function decodeWide(buffer: Buffer, start: number, end: number, packet: string, field: string): string {
  const bytes = buffer.subarray(start, end);
  if (!isUtf8(bytes)) throw malformed(packet, `${field} in well-formed UTF-8`, quoteBytes(bytes), 'MQTT-1.5.4-1');
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw malformed(packet, `${field} without U+0000`, `one at byte ${zero}`, 'MQTT-1.5.4-2');
  return bytes.toString('utf8');
}

/** The first bytes in hex, which is all of a hostile string that a log needs. */
function quoteBytes(bytes: Buffer): string {
  const shown = bytes.subarray(0, 16).toString('hex');
  return bytes.length > 16 ? `"${shown}…"` : `"${shown}"`;
}
