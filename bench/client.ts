import { connect } from 'node:net';
import { payloadOf } from '../src/mqtt/codec/decode-publish.ts';
import { type ControlPacket, PacketType } from '../src/mqtt/codec/packets.ts';
import { PacketStream } from './packet-stream.ts';

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

/** One connection of a fast MQTT 5 client that leaves retrying and reconnecting to its owner. */
export class Client {
  /** Resolves when the connection is gone and `closed` was told. */
  readonly closed: Promise<void>;
  readonly #events: ClientEvents;
  readonly #packets: PacketStream;

  constructor(port: number, clientId: string, events: ClientEvents) {
    this.#events = events;
    this.#packets = new PacketStream(connect({ port, host: '127.0.0.1', noDelay: true }), 5, {
      published: (packet) => events.received(packet.packetId, payloadOf(packet)),
      controlled: (packet) => this.#controlled(packet),
      closed: () => events.closed(),
    });
    this.closed = this.#packets.closed;
    this.#packets.send({
      type: PacketType.connect,
      version: 5,
      clientId,
      cleanStart: true,
      keepAlive: 0,
      username: undefined,
      password: undefined,
      will: undefined,
      properties: undefined,
    });
  }

  /** At QoS 1. The payload is copied. */
  publish(topic: string, payload: Buffer, packetId: number): void {
    this.#packets.publish(topic, payload, 1, packetId);
  }

  subscribe(filter: string): void {
    const subscription = { filter, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    this.#packets.send({
      type: PacketType.subscribe,
      packetId: 1,
      subscriptions: [subscription],
      properties: undefined,
    });
  }

  acknowledge(packetId: number): void {
    this.#packets.acknowledge(PacketType.puback, packetId);
  }

  close(): void {
    this.#packets.destroy();
  }

  #controlled(packet: ControlPacket): void {
    if (packet.type === PacketType.puback) {
      this.#events.acknowledged(packet.packetId, packet.reasonCode);
    } else if (packet.type === PacketType.connack) {
      if (packet.reasonCode !== 0) throw new Error(`Connection refused: reason 0x${packet.reasonCode.toString(16)}`);
      this.#events.connected(packet.properties?.receiveMaximum ?? 65_535);
    } else if (packet.type === PacketType.suback) {
      const [reasonCode] = packet.reasonCodes;
      if (reasonCode > 2) throw new Error(`Subscription refused: reason 0x${reasonCode.toString(16)}`);
    }
  }
}
