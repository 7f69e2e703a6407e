import assert from 'node:assert/strict';
import { decodePacket } from '../../mqtt/codec/decode.ts';
import { decodePublish, payloadOf, topicOf } from '../../mqtt/codec/decode-publish.ts';
import { encodePacket } from '../../mqtt/codec/encode.ts';
import { encodePublish } from '../../mqtt/codec/encode-publish.ts';
import { type FrameHandler, FrameReader } from '../../mqtt/codec/frames.ts';
import {
  type AckPacket,
  type ConnectPacket,
  type ControlPacket,
  PacketType,
  type ProtocolVersion,
  type PublishProperties,
  type SubscriptionRequest,
} from '../../mqtt/codec/packets.ts';
import { ByteWriter, referenceBytesMin } from '../../std/bytes.ts';
import type { Broker } from '../broker.ts';
import type { Peer, Transport, TransportHandler } from '../transport.ts';

export interface ReceivedPublish {
  readonly type: typeof PacketType.publish;
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly packetId: number;
  readonly properties: PublishProperties | undefined;
}

export type Received = ControlPacket | ReceivedPublish;
type PacketOf<T> = T extends AckPacket['type'] ? AckPacket : Extract<Received, { type: T }>;

/** The transport of one client and the client at its other end. What the broker writes can be read at once. */
export class MemoryClient implements Transport, FrameHandler {
  buffer: Buffer = Buffer.alloc(64 * 1024);
  position = 0;
  readonly peer: Peer;
  readonly version: ProtocolVersion;
  ended = false;
  paused = false;
  /** Set by a test to play a socket that does not take anything. */
  stuckBytes = 0;
  /** What the broker wrote and was not read yet, but for what lies in `buffer`. */
  readonly #written: Buffer[] = [];
  readonly #received: Received[] = [];
  readonly #reader = new FrameReader(this, 16 * 1024 * 1024);
  readonly #handler: TransportHandler;

  constructor(broker: Broker, version: ProtocolVersion, peer: Partial<Peer>) {
    const listener = { access: { listener: 'memory' } };
    this.peer = { remoteAddress: '127.0.0.1', certificate: undefined, listener, ...peer };
    this.version = version;
    this.#handler = broker.accept(this);
  }

  get bufferedBytes(): number {
    return this.stuckBytes;
  }

  reserve(size: number): void {
    this.#retire();
    if (size > this.buffer.length) this.buffer = Buffer.alloc(size);
  }

  /** Large bytes are read where they lie, when the test looks at them, as a socket would send them at the end of the turn. */
  append(bytes: Buffer, start: number, end: number, lasting: boolean): void {
    if (lasting && end - start >= referenceBytesMin) {
      this.#retire();
      this.#written.push(bytes.subarray(start, end));
      return;
    }
    if (this.position + end - start > this.buffer.length) this.reserve(end - start);
    this.position += bytes.copy(this.buffer, this.position, start, end);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.ended = true;
  }

  /** The network connection breaks. */
  cut(): void {
    this.ended = true;
    this.#handler.closed();
  }

  drained(): void {
    this.#handler.drained();
  }

  async connect(connect: Partial<ConnectPacket>): Promise<void> {
    this.send({
      type: PacketType.connect,
      version: this.version,
      clientId: 'client',
      cleanStart: true,
      keepAlive: 0,
      username: undefined,
      password: undefined,
      will: undefined,
      properties: undefined,
      ...connect,
    });
    await answered();
  }

  send(packet: ControlPacket): void {
    const writer = new ByteWriter();
    encodePacket(writer, packet, this.version);
    this.sendBytes(writer.bytes());
  }

  /** The bytes are gone when the broker has returned, as they are where all sockets read into one buffer. */
  sendBytes(bytes: Buffer): void {
    const read = Buffer.from(bytes);
    this.#handler.receive(read);
    read.fill(0xee);
  }

  publish(
    topic: string,
    payload: string | Buffer,
    options: {
      qos?: 0 | 1 | 2;
      retain?: boolean;
      dup?: boolean;
      packetId?: number;
      properties?: PublishProperties;
    } = {},
  ): void {
    const writer = new ByteWriter();
    const { qos = 0, retain = false, dup = false, packetId = qos > 0 ? 1 : 0, properties } = options;
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    encodePublish(writer, topic, bytes, properties, qos, retain, dup, packetId, this.version);
    this.sendBytes(writer.bytes());
  }

  /** Subscribes and answers the reason code, for a session whose SUBACK comes in the same turn. */
  subscribe(filter: string, options: Partial<SubscriptionRequest> = {}, identifier?: number): number {
    this.sendSubscribe(filter, options, identifier);
    return this.take(PacketType.suback).reasonCodes[0];
  }

  /** Subscribes and answers the reason code, when it has come. */
  async subscribed(filter: string, options: Partial<SubscriptionRequest> = {}, identifier?: number): Promise<number> {
    this.sendSubscribe(filter, options, identifier);
    await answered();
    return this.take(PacketType.suback).reasonCodes[0];
  }

  sendSubscribe(filter: string, options: Partial<SubscriptionRequest> = {}, identifier?: number): void {
    this.send({
      type: PacketType.subscribe,
      packetId: 100,
      subscriptions: [{ filter, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0, ...options }],
      properties: identifier === undefined ? undefined : { subscriptionIdentifier: identifier },
    });
  }

  ack(type: AckPacket['type'], packetId: number, reasonCode = 0): void {
    this.send({ type, packetId, reasonCode, properties: undefined });
  }

  /** The next packet, which must be of this type. */
  take<T extends Received['type']>(type: T): PacketOf<T> {
    this.#read();
    const packet = this.#received.shift();
    assert.equal(packet?.type, type, `expected a packet of type ${type}, met ${JSON.stringify(packet)}`);
    return packet as PacketOf<T>;
  }

  takePublish(): ReceivedPublish {
    return this.take(PacketType.publish);
  }

  /** Everything that has come and was not taken. */
  takeAll(): Received[] {
    this.#read();
    return this.#received.splice(0);
  }

  /** Types of everything that has come and was not taken. */
  waiting(): number[] {
    this.#read();
    return this.#received.map((packet) => packet.type);
  }

  frame(buffer: Buffer, firstByte: number, bodyStart: number, bodyEnd: number): boolean {
    if (firstByte >> 4 !== PacketType.publish) {
      this.#received.push(decodePacket(buffer, firstByte, bodyStart, bodyEnd, this.version));
      return true;
    }
    const packet = decodePublish(buffer, firstByte, bodyStart, bodyEnd, this.version);
    const { type, qos, retain, dup, packetId, properties } = packet;
    const topic = topicOf(packet);
    this.#received.push({ type, topic, payload: payloadOf(packet).toString(), qos, retain, dup, packetId, properties });
    return true;
  }

  #read(): void {
    this.#retire();
    for (const bytes of this.#written.splice(0)) this.#reader.push(bytes);
  }

  #retire(): void {
    if (this.position === 0) return;
    this.#written.push(Buffer.from(this.buffer.subarray(0, this.position)));
    this.position = 0;
  }
}

/** Promises of the broker (authentication, queues) have answered. */
export function answered(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
