import type { Duplex } from 'node:stream';
import type { QoS } from '../../src/message.ts';
import { payloadOf, topicOf } from '../../src/mqtt/codec/decode-publish.ts';
import {
  type ConnackPacket,
  type ControlPacket,
  PacketType,
  type ProtocolVersion,
  type PublishPacket,
  type Will,
} from '../../src/mqtt/codec/packets.ts';
import { PacketStream } from '../packet-stream.ts';

export interface DeviceOptions {
  readonly clientId: string;
  readonly version: ProtocolVersion;
  readonly open: () => Duplex;
  readonly filters?: readonly { readonly filter: string; readonly qos: QoS }[];
  /** Of the server towards this client; absent: as many as it likes. */
  readonly receiveMaximum?: number;
  readonly will?: Will;
  /** A new message; one of QoS 2 comes once. The payload holds during the call only. */
  readonly received?: (topic: string, payload: Buffer, qos: QoS) => void;
  /** It is connected and subscribed, and may publish. */
  readonly ready?: () => void;
}

interface OwnPublish {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  /** PUBREC has come: PUBREL is due. */
  isReceived: boolean;
  readonly acknowledged: () => void;
}

/** Unacknowledged publishes of a device at once. */
const windowMax = 50;
const expirySeconds = 3_600;

/** A client with a kept session that does QoS 1 and 2 as the standard says, over as many connections as its owner wants. */
export class Device {
  readonly options: DeviceOptions;
  /** Connections on which the server had no session, though there was one. */
  sessionsLost = 0;
  /** Packets that a server must not send: its reasons. */
  readonly problems: string[] = [];
  #packets: PacketStream | undefined;
  #isReady = false;
  #isSubscribed = false;
  /** The server said something that it must have kept with the session. */
  #isKept = false;
  /** In the order of their first sending. */
  readonly #own = new Map<number, OwnPublish>();
  readonly #held = new Set<number>();
  #lastId = 0;

  constructor(options: DeviceOptions) {
    this.options = options;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get isConnected(): boolean {
    return this.#packets !== undefined;
  }

  get unacknowledged(): number {
    return this.#own.size;
  }

  get hasRoom(): boolean {
    return this.#isReady && this.#own.size < windowMax;
  }

  /** Connects; takes over from its connection where it has one. */
  connect(): void {
    const { version, clientId, open, receiveMaximum, will } = this.options;
    this.#isReady = false;
    const packets: PacketStream = new PacketStream(open(), version, {
      published: (packet) => this.#published(packets, packet),
      controlled: (packet) => this.#controlled(packets, packet),
      closed: () => {
        if (this.#packets === packets) this.#gone();
      },
    });
    this.#packets = packets;
    packets.send({
      type: PacketType.connect,
      version,
      clientId,
      cleanStart: false,
      keepAlive: 0,
      username: undefined,
      password: undefined,
      will,
      properties: version === 5 ? { sessionExpiryInterval: expirySeconds, receiveMaximum } : undefined,
    });
  }

  /** QoS 1 and 2 wait for their acknowledgement, however many connections that takes. */
  publish(topic: string, payload: Buffer, qos: QoS, retain: boolean, acknowledged: () => void): void {
    if (this.#packets === undefined) throw new Error(`${this.options.clientId} is not connected`);
    const packetId = qos === 0 ? 0 : this.#freeId();
    if (qos > 0) {
      const own = { topic, payload: Buffer.from(payload), qos, retain, isReceived: false, acknowledged };
      this.#own.set(packetId, own);
    }
    this.#packets.publish(topic, payload, qos, packetId, retain);
  }

  pause(): void {
    this.#packets?.pause();
  }

  resume(): void {
    this.#packets?.resume();
  }

  /** The connection breaks. */
  cut(): void {
    this.#packets?.destroy();
    this.#gone();
  }

  /** Says DISCONNECT; the will is not published. */
  leave(): void {
    this.#packets?.send({ type: PacketType.disconnect, reasonCode: 0, properties: undefined });
    this.#packets?.end();
    this.#gone();
  }

  async disconnected(): Promise<void> {
    await this.#packets?.closed;
  }

  #gone(): void {
    this.#packets = undefined;
    this.#isReady = false;
  }

  #published(packets: PacketStream, packet: PublishPacket): void {
    // What comes on a connection that was taken over or cut is not acknowledged, so it comes again.
    if (packets !== this.#packets) return;
    const { qos, packetId } = packet;
    const isRepeated = qos === 2 && this.#held.has(packetId);
    if (isRepeated && !packet.dup) this.problems.push(`PUBLISH ${packetId} came again without DUP`);
    if (qos === 2) this.#held.add(packetId);
    if (!isRepeated) this.options.received?.(topicOf(packet), payloadOf(packet), qos);
    if (qos > 0) packets.acknowledge(qos === 1 ? PacketType.puback : PacketType.pubrec, packetId);
  }

  #controlled(packets: PacketStream, packet: ControlPacket): void {
    if (packets !== this.#packets) return;
    switch (packet.type) {
      case PacketType.connack:
        this.#accepted(packets, packet);
        break;
      case PacketType.suback:
        this.#isSubscribed = true;
        this.#isKept = true;
        this.#resume(packets);
        break;
      case PacketType.puback:
        this.#acknowledged(packet.packetId, packet.reasonCode);
        break;
      case PacketType.pubcomp:
        // 0x92, packet identifier not found: PUBREL had come before, and only its answer was lost.
        this.#acknowledged(packet.packetId, packet.reasonCode === packetIdNotFound ? 0 : packet.reasonCode);
        break;
      case PacketType.pubrec: {
        const own = this.#own.get(packet.packetId);
        if (own !== undefined) own.isReceived = true;
        this.#isKept = true;
        packets.acknowledge(PacketType.pubrel, packet.packetId);
        break;
      }
      case PacketType.pubrel:
        this.#held.delete(packet.packetId);
        packets.acknowledge(PacketType.pubcomp, packet.packetId);
        break;
      case PacketType.disconnect:
        if (packet.reasonCode !== takenOver) this.problems.push(`DISCONNECT 0x${packet.reasonCode.toString(16)}`);
        break;
    }
  }

  #accepted(packets: PacketStream, { reasonCode, sessionPresent }: ConnackPacket): void {
    if (reasonCode !== 0) {
      this.problems.push(`CONNACK 0x${reasonCode.toString(16)}`);
      return;
    }
    if (this.#isKept && !sessionPresent) this.sessionsLost++;
    const { filters = [] } = this.options;
    if (this.#isSubscribed || filters.length === 0) {
      this.#resume(packets);
      return;
    }
    const subscriptions = filters.map((filter) => ({
      ...filter,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0 as const,
    }));
    packets.send({ type: PacketType.subscribe, packetId: this.#freeId(), subscriptions, properties: undefined });
  }

  /** What was not acknowledged when the last connection ended is sent again [MQTT-4.4.0-1]. */
  #resume(packets: PacketStream): void {
    this.#isReady = true;
    for (const [packetId, { topic, payload, qos, retain, isReceived }] of this.#own) {
      if (isReceived) packets.acknowledge(PacketType.pubrel, packetId);
      else packets.publish(topic, payload, qos, packetId, retain, true);
    }
    this.options.ready?.();
  }

  #acknowledged(packetId: number, reasonCode: number): void {
    const own = this.#own.get(packetId);
    if (own === undefined) {
      this.problems.push(`Packet id ${packetId} was acknowledged and is not in use`);
      return;
    }
    this.#own.delete(packetId);
    if (reasonCode < 0x80) own.acknowledged();
    else this.problems.push(`Publish to ${own.topic} refused: 0x${reasonCode.toString(16)}`);
  }

  #freeId(): number {
    do this.#lastId = (this.#lastId % 0xffff) + 1;
    while (this.#own.has(this.#lastId));
    return this.#lastId;
  }
}

const takenOver = 0x8e;
const packetIdNotFound = 0x92;
