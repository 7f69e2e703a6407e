import { hex, malformed, protocolError } from './malformed.ts';
import { checkCharacters, decodeUtf8 } from './utf8.ts';

const hash = 0x23;
const plus = 0x2b;

/**
 * Reads a topic name: a UTF-8 Encoded String of at least one character [MQTT-4.7.3-1] without wildcards [MQTT-3.3.2-2] and
 * without control characters and noncharacters, which section 1.5.4 lets a receiver refuse.
 */
export function decodeTopicName(buffer: Buffer, start: number, end: number, packet = 'PUBLISH'): string {
  if (start >= end) throw malformed(packet, 'a topic name of at least one character', 'none', 'MQTT-4.7.3-1');
  let wide = false;
  for (let at = start; at < end; at++) {
    const byte = buffer[at];
    if (byte >= 0x20 && byte < 0x7f) {
      if (byte === hash || byte === plus) throw wildcard(packet, byte);
    } else if (byte >= 0x80) {
      wide = true;
      // U+0080 to U+009F
      if (byte === 0xc2 && at + 1 < end && buffer[at + 1] < 0xa0) throw control(packet, buffer[at + 1]);
    } else {
      throw control(packet, byte);
    }
  }
  if (!wide) return buffer.toString('latin1', start, end);
  const name = decodeUtf8(buffer, start, end, packet, 'a topic name');
  checkCharacters(name, packet, 'a topic name');
  return name;
}

function wildcard(packet: string, byte: number): Error {
  return protocolError(packet, 'a topic name without wildcards', `'${String.fromCharCode(byte)}'`, 'MQTT-3.3.2-2');
}

function control(packet: string, byte: number): Error {
  const clause = byte === 0 ? 'MQTT-1.5.4-2' : 'MQTT 5 section 1.5.4';
  return malformed(packet, 'a topic name without control characters', hex(byte), clause);
}
