import { type ByteSink, ByteWriter } from '../../std/bytes.ts';
import { propertiesSize, writeProperties } from './encode-properties.ts';
import type { PropertiesOf, PropertyPlace } from './properties.ts';
import { variableByteIntegerSize } from './variable-byte-integer.ts';
import { writeFrame } from './write-frame.ts';
import { stringSize, writeBinary, writeString } from './write-string.ts';

/** Collects the body of a packet whose size is not known in advance, with the data types of section 1.5. Not for the hot path. */
export class PacketWriter {
  readonly #body = new ByteWriter();

  byte(value: number): void {
    this.#body.reserve(1);
    this.#body.buffer[this.#body.position++] = value;
  }

  uint16(value: number): void {
    this.#body.reserve(2);
    this.#body.position = this.#body.buffer.writeUInt16BE(value, this.#body.position);
  }

  string(text: string): void {
    const size = stringSize(text);
    this.#body.reserve(2 + size);
    this.#body.position = writeString(this.#body.buffer, this.#body.position, text, size);
  }

  binary(bytes: Buffer): void {
    this.#body.reserve(2 + bytes.length);
    this.#body.position = writeBinary(this.#body.buffer, this.#body.position, bytes);
  }

  properties<P extends PropertyPlace>(place: P, properties: PropertiesOf[P] | undefined): void {
    const size = propertiesSize(place, properties);
    this.#body.reserve(variableByteIntegerSize(size) + size);
    this.#body.position = writeProperties(this.#body.buffer, this.#body.position, place, properties, size);
  }

  /** Puts the whole packet into the sink, behind `firstByte` and its length. */
  writeTo(sink: ByteSink, firstByte: number): void {
    writeFrame(sink, firstByte, this.#body.bytes());
  }
}
