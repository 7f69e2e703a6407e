import { type ControlPacket, PacketType } from '../../src/mqtt/codec/packets.ts';
import type { Random } from '../../src/std/testing/random.ts';
import { PacketStream } from '../packet-stream.ts';
import { Device } from '../sessions/device.ts';
import { Ledger, Reading } from '../sessions/ledger.ts';
import type { Places, Way } from './places.ts';

export const willTopic = 'soak/wills';
const ways: readonly Way[] = ['tcp', 'tcp', 'tcp', 'tcp', 'tcp', 'tcp', 'tcp', 'tls', 'ws', 'wss'];
const betweenSeconds = 10;

/**
 * Waves of clients that connect, subscribe, and go at once: half of them with DISCONNECT, half without a word, whose wills
 * must be published, and no others.
 */
export class Storms {
  /** A will counts as acknowledged once its client was accepted and went without DISCONNECT. */
  readonly ledger = new Ledger(1);
  readonly reading = new Reading(this.ledger);
  readonly watcher: Device;
  readonly #places: Places;
  readonly #random: Random;
  readonly #size: number;
  connections = 0;
  refused = 0;
  #open = 0;
  #due = 0;

  constructor(places: Places, random: Random, size: number) {
    this.#places = places;
    this.#random = random;
    this.#size = size;
    this.watcher = new Device({
      clientId: 'will-watcher',
      version: 5,
      open: () => places.open('tcp'),
      filters: [{ filter: willTopic, qos: 2 }],
      received: (_topic, payload) => this.reading.receive(payload.readUInt32BE()),
    });
  }

  get isOver(): boolean {
    return this.#open === 0;
  }

  tick(seconds: number): void {
    this.#due -= seconds;
    if (this.#due > 0 || this.#open > 0) return;
    this.#due = betweenSeconds;
    for (let client = 0; client < this.#size; client++) this.#visit();
  }

  #visit(): void {
    this.#open++;
    const number = this.ledger.next();
    const payload = Buffer.alloc(16);
    payload.writeUInt32BE(number);
    const leavesInPeace = this.#random.chance(50);
    const packets: PacketStream = new PacketStream(this.#places.open(this.#random.pick(ways)), 5, {
      published: () => undefined,
      controlled: (packet) => this.#controlled(packets, packet, number, leavesInPeace),
      closed: () => this.#open--,
    });
    packets.send({
      type: PacketType.connect,
      version: 5,
      clientId: `storm-${number}`,
      cleanStart: true,
      keepAlive: 60,
      username: undefined,
      password: undefined,
      will: { topic: willTopic, payload, qos: 1, retain: false, properties: undefined },
      properties: undefined,
    });
    const subscription = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    const subscriptions = [{ filter: `storm/${number % 100}/+`, ...subscription }];
    packets.send({ type: PacketType.subscribe, packetId: 1, subscriptions, properties: undefined });
  }

  #controlled(packets: PacketStream, packet: ControlPacket, number: number, leavesInPeace: boolean): void {
    if (packet.type === PacketType.connack) {
      if (packet.reasonCode === 0) this.connections++;
      else this.refused++;
    }
    if (packet.type !== PacketType.suback) return;
    if (leavesInPeace) {
      packets.send({ type: PacketType.disconnect, reasonCode: 0, properties: undefined });
      packets.end();
    } else {
      this.ledger.acknowledge(number);
      packets.destroy();
    }
  }
}
