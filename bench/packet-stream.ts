import type { Duplex } from 'node:stream';
import type { QoS } from '../src/message.ts';
import { decodePacket } from '../src/mqtt/codec/decode.ts';
import { decodePublish } from '../src/mqtt/codec/decode-publish.ts';
import { encodePacket } from '../src/mqtt/codec/encode.ts';
import { encodeAck } from '../src/mqtt/codec/encode-ack.ts';
import { encodePublish } from '../src/mqtt/codec/encode-publish.ts';
import { FrameReader } from '../src/mqtt/codec/frames.ts';
import {
  type AckPacket,
  type ControlPacket,
  PacketType,
  type ProtocolVersion,
  type PublishPacket,
} from '../src/mqtt/codec/packets.ts';
import { ByteWriter } from '../src/std/bytes.ts';

export interface PacketEvents {
  /** Its bytes hold during the call only. */
  published(packet: PublishPacket): void;
  controlled(packet: ControlPacket): void;
  /** The stream is gone, or was never opened. */
  closed(): void;
}

const packetBytesMax = 4 << 20;

/** MQTT packets over any stream of bytes. What one turn of the event loop produces leaves in one write. */
export class PacketStream {
  /** Resolves when the stream is gone and `closed` was told. */
  readonly closed: Promise<void>;
  readonly #events: PacketEvents;
  readonly #version: ProtocolVersion;
  readonly #stream: Duplex;
  #output = new ByteWriter(1_024);
  #flushes = false;
  #isReadPaused = false;

  constructor(stream: Duplex, version: ProtocolVersion, events: PacketEvents) {
    this.#stream = stream;
    this.#version = version;
    this.#events = events;
    const reader = new FrameReader(
      { frame: (buffer, first, start, end) => this.#frame(buffer, first, start, end) },
      packetBytesMax,
    );
    stream.on('data', (chunk: Buffer) => reader.push(chunk));
    // 'close' follows; that servers and connections end is what these clients are there for.
    stream.on('error', () => stream.destroy());
    this.closed = new Promise((resolve) => {
      stream.on('close', () => {
        events.closed();
        resolve();
      });
    });
  }

  send(packet: ControlPacket): void {
    encodePacket(this.#output, packet, this.#version);
    this.#flushLater();
  }

  /** The payload is copied. */
  publish(topic: string, payload: Buffer, qos: QoS, packetId: number, retain = false, dup = false): void {
    encodePublish(this.#output, topic, payload, undefined, qos, retain, dup, packetId, this.#version);
    this.#flushLater();
  }

  acknowledge(type: AckPacket['type'], packetId: number): void {
    encodeAck(this.#output, type, packetId, 0, this.#version);
    this.#flushLater();
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.#isReadPaused = true;
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#isReadPaused) return;
    this.#isReadPaused = false;
    this.#stream.resume();
  }

  /** The connection breaks. */
  destroy(): void {
    this.#stream.destroy();
  }

  /** Sends what is written, then ends. */
  end(): void {
    this.#flush();
    this.#stream.end();
  }

  #frame(buffer: Buffer, firstByte: number, bodyStart: number, bodyEnd: number): boolean {
    if (firstByte >> 4 === PacketType.publish)
      this.#events.published(decodePublish(buffer, firstByte, bodyStart, bodyEnd, this.#version));
    else this.#events.controlled(decodePacket(buffer, firstByte, bodyStart, bodyEnd, this.#version));
    return true;
  }

  #flushLater(): void {
    if (this.#flushes) return;
    this.#flushes = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushes = false;
    const { position } = this.#output;
    if (position === 0 || this.#stream.destroyed || this.#stream.writableEnded) return;
    this.#stream.write(this.#output.bytes());
    // The stream may still hold these bytes, so the next ones go into memory of their own.
    this.#output = new ByteWriter(Math.min(65_536, Math.max(1_024, position)));
  }
}
