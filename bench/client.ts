import { connect, type Socket } from 'node:net';
import { decodePacket } from '../src/mqtt/codec/decode.ts';
import { decodePublish, payloadOf } from '../src/mqtt/codec/decode-publish.ts';
import { encodePacket } from '../src/mqtt/codec/encode.ts';
import { encodeAck } from '../src/mqtt/codec/encode-ack.ts';
import { encodePublish } from '../src/mqtt/codec/encode-publish.ts';
import { FrameReader } from '../src/mqtt/codec/frames.ts';
import { PacketType } from '../src/mqtt/codec/packets.ts';
import { ByteWriter } from '../src/std/bytes.ts';

export interface ClientEvents {
  /** CONNACK came: `receiveMaximum` publishes may be unacknowledged at once. */
  connected(receiveMaximum: number): void;
  /** PUBACK came for a publish of ours. From 0x80 the reason code is a refusal. */
  acknowledged(packetId: number, reasonCode: number): void;
  /** A QoS 1 publish came. `payload` is a view that holds only during the call. */
  received(packetId: number, payload: Buffer): void;
  /** The connection is gone, or was never made. */
  closed(): void;
}

const packetBytesMax = 1 << 20;

/** One connection of a fast MQTT 5 client that leaves retrying and reconnecting to its owner. */
export class Client {
  /** Resolves when the connection is gone and `closed` was told. */
  readonly closed: Promise<void>;
  readonly #events: ClientEvents;
  readonly #socket: Socket;
  #output = new ByteWriter(16_384);
  #flushes = false;

  constructor(port: number, clientId: string, events: ClientEvents) {
    this.#events = events;
    const reader = new FrameReader(
      { frame: (buffer, first, start, end) => this.#frame(buffer, first, start, end) },
      packetBytesMax,
    );
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk) => reader.push(chunk));
    // 'close' follows; that the server was killed is what this client is there for.
    this.#socket.on('error', () => this.#socket.destroy());
    this.closed = new Promise((resolve) => {
      this.#socket.on('close', () => {
        events.closed();
        resolve();
      });
    });
    encodePacket(
      this.#output,
      {
        type: PacketType.connect,
        version: 5,
        clientId,
        cleanStart: true,
        keepAlive: 0,
        username: undefined,
        password: undefined,
        will: undefined,
        properties: undefined,
      },
      5,
    );
    this.#flushLater();
  }

  /** The payload is copied. */
  publish(topic: string, payload: Buffer, packetId: number): void {
    encodePublish(this.#output, topic, payload, undefined, 1, false, false, packetId, 5);
    this.#flushLater();
  }

  subscribe(filter: string): void {
    const subscription = { filter, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    const packet = { type: PacketType.subscribe, packetId: 1, subscriptions: [subscription], properties: undefined };
    encodePacket(this.#output, packet, 5);
    this.#flushLater();
  }

  acknowledge(packetId: number): void {
    encodeAck(this.#output, PacketType.puback, packetId, 0, 5);
    this.#flushLater();
  }

  close(): void {
    this.#socket.destroy();
  }

  #frame(buffer: Buffer, firstByte: number, bodyStart: number, bodyEnd: number): boolean {
    if (firstByte >> 4 === PacketType.publish) {
      const packet = decodePublish(buffer, firstByte, bodyStart, bodyEnd, 5);
      this.#events.received(packet.packetId, payloadOf(packet));
      return true;
    }
    const packet = decodePacket(buffer, firstByte, bodyStart, bodyEnd, 5);
    if (packet.type === PacketType.puback) {
      this.#events.acknowledged(packet.packetId, packet.reasonCode);
    } else if (packet.type === PacketType.connack) {
      if (packet.reasonCode !== 0) throw new Error(`Connection refused: reason 0x${packet.reasonCode.toString(16)}`);
      this.#events.connected(packet.properties?.receiveMaximum ?? 65_535);
    } else if (packet.type === PacketType.suback) {
      const [reasonCode] = packet.reasonCodes;
      if (reasonCode > 2) throw new Error(`Subscription refused: reason 0x${reasonCode.toString(16)}`);
    }
    return true;
  }

  /** What one turn of the event loop produced leaves in one write. */
  #flushLater(): void {
    if (this.#flushes) return;
    this.#flushes = true;
    setImmediate(() => {
      this.#flushes = false;
      const { position } = this.#output;
      this.#socket.write(this.#output.bytes());
      // The socket may still hold these bytes, so the next ones go into memory of their own.
      this.#output = new ByteWriter(Math.max(1_024, position));
    });
  }
}
