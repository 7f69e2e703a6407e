import { hex, malformed, type Refuse } from './malformed.ts';
import { decodeTopicName } from './topic-name.ts';
import { decodeName, decodeUtf8 } from './utf8.ts';

/** Reads the data types of section 1.5 one after the other, and never beyond `end`. `packet` and `field` name things in errors. */
export class PacketReader {
  readonly buffer: Buffer;
  readonly end: number;
  readonly packet: string;
  at: number;

  constructor(buffer: Buffer, start: number, end: number, packet: string) {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
    this.packet = packet;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  byte(field: string): number {
    return this.buffer[this.#take(1, field)];
  }

  uint16(field: string): number {
    const at = this.#take(2, field);
    return (this.buffer[at] << 8) | this.buffer[at + 1];
  }

  uint32(field: string): number {
    return this.buffer.readUInt32BE(this.#take(4, field));
  }

  variableByteInteger(field: string): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte(field);
      value |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (byte === 0 && shift > 0) {
        throw malformed(
          this.packet,
          `${field} in as few bytes as possible`,
          `${value} in ${shift / 7 + 1}`,
          'MQTT-1.5.5-1',
        );
      }
      return value;
    }
    throw malformed(this.packet, `${field} in at most 4 bytes`, 'more', 'MQTT 5 section 1.5.5');
  }

  string(field: string): string {
    const length = this.uint16(field);
    const start = this.#take(length, field);
    return decodeUtf8(this.buffer, start, this.at, this.packet, field);
  }

  /** A string that names something: without control characters. `refuse` says with which reason code the text is refused. */
  name(field: string, refuse: Refuse = malformed): string {
    const length = this.uint16(field);
    const start = this.#take(length, field);
    return decodeName(this.buffer, start, this.at, this.packet, field, refuse);
  }

  topicName(field: string): string {
    const length = this.uint16(field);
    const start = this.#take(length, field);
    return decodeTopicName(this.buffer, start, this.at, this.packet);
  }

  /** A view of the bytes, not a copy. */
  binary(field: string): Buffer {
    const length = this.uint16(field);
    const start = this.#take(length, field);
    return this.buffer.subarray(start, this.at);
  }

  packetId(): number {
    const packetId = this.uint16('a packet identifier');
    if (packetId === 0) throw malformed(this.packet, 'a packet identifier from 1', 0, 'MQTT-2.2.1-3');
    return packetId;
  }

  /** A reader of the next `length` bytes, which this one skips. */
  part(length: number, field: string): PacketReader {
    const start = this.#take(length, field);
    return new PacketReader(this.buffer, start, this.at, this.packet);
  }

  /** Refuses bytes behind the last field: the remaining length covers exactly the packet. */
  finish(): void {
    if (this.at < this.end) {
      const met = `${this.remaining} more bytes from ${hex(this.buffer[this.at])}`;
      throw malformed(this.packet, 'the end of the packet', met, 'MQTT 5 section 2.1.4');
    }
  }

  #take(size: number, field: string): number {
    const at = this.at;
    if (size > this.end - at) {
      throw malformed(this.packet, `${size} bytes of ${field}`, `${this.end - at}`, 'MQTT 5 section 2.1.4');
    }
    this.at = at + size;
    return at;
  }
}
