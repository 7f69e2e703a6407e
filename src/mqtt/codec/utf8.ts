import { isUtf8 } from 'node:buffer';
import { hex, malformed, type Refuse } from './malformed.ts';

/**
 * Reads a UTF-8 Encoded String: well-formed [MQTT-1.5.4-1], without U+0000 [MQTT-1.5.4-2]; a byte order mark stays what it
 * is [MQTT-1.5.4-3].
 */
export function decodeUtf8(
  buffer: Buffer,
  start: number,
  end: number,
  packet: string,
  field: string,
  refuse: Refuse = malformed,
): string {
  for (let at = start; at < end; at++) {
    const byte = buffer[at];
    if (byte === 0) throw refuse(packet, `${field} without U+0000`, `one at byte ${at - start}`, 'MQTT-1.5.4-2');
    if (byte >= 0x80) return decodeWide(buffer, start, end, packet, field, refuse);
  }
  return buffer.toString('latin1', start, end);
}

/** Reads a string that names something: without control characters and noncharacters, which section 1.5.4 lets a receiver refuse. */
export function decodeName(
  buffer: Buffer,
  start: number,
  end: number,
  packet: string,
  field: string,
  refuse: Refuse = malformed,
): string {
  for (let at = start; at < end; at++) {
    if (isControl(buffer, at, end)) {
      throw refuse(packet, `${field} without control characters`, hex(buffer[at]), 'MQTT 5 section 1.5.4');
    }
  }
  const name = decodeUtf8(buffer, start, end, packet, field, refuse);
  checkCharacters(name, packet, field, refuse);
  return name;
}

/** U+FDD0 to U+FDEF, and the last two of each plane. */
export function checkCharacters(name: string, packet: string, field: string, refuse: Refuse = malformed): void {
  const [met] = /\p{Noncharacter_Code_Point}/u.exec(name) ?? [];
  if (met === undefined) return;
  const code = met.codePointAt(0)?.toString(16).toUpperCase();
  throw refuse(packet, `${field} without noncharacters`, `U+${code}`, 'MQTT 5 section 1.5.4');
}

/** U+0001 to U+001F, and U+007F to U+009F, the upper of which take two bytes. U+0000 has a clause of its own. */
function isControl(buffer: Buffer, at: number, end: number): boolean {
  const byte = buffer[at];
  if (byte === 0xc2) return at + 1 < end && buffer[at + 1] < 0xa0;
  return (byte < 0x20 && byte > 0) || byte === 0x7f;
}

function decodeWide(buffer: Buffer, start: number, end: number, packet: string, field: string, refuse: Refuse): string {
  const bytes = buffer.subarray(start, end);
  if (!isUtf8(bytes)) throw refuse(packet, `${field} in well-formed UTF-8`, quoteBytes(bytes), 'MQTT-1.5.4-1');
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw refuse(packet, `${field} without U+0000`, `one at byte ${zero}`, 'MQTT-1.5.4-2');
  return bytes.toString('utf8');
}

/** The first bytes in hex, which is all of a hostile string that a log needs. */
function quoteBytes(bytes: Buffer): string {
  const shown = bytes.subarray(0, 16).toString('hex');
  return bytes.length > 16 ? `"${shown}…"` : `"${shown}"`;
}
