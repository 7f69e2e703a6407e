import assert from 'node:assert/strict';
import { decodeMessage } from '../../message.ts';
import { PacketType } from '../../mqtt/codec/packets.ts';
import type { Random } from '../../std/testing/random.ts';
import { bodyKey, bodyOf, numberOf } from '../session-keys.ts';
import { decodeEnded, decodeOwed, decodePosition, isOfGroup } from '../session-record.ts';
import { answered, type MemoryClient } from './memory-client.ts';
import type { OneQueue } from './one-queue.ts';
import type { SessionDisk } from './session-disk.ts';

/** What a client received and did not answer yet. */
interface Held {
  readonly packetId: number;
  readonly qos: number;
}

interface Owed {
  messages: number;
  shared: number;
  bytes: number;
}

const clientIds = ['a', 'b', 'c', 'd'];
const filters = ['t/#', '$share/g/s/#', '$queue/jobs'];
/** Several make it worth storing a message once. */
const payloadBytes = [10, 2_000];

/**
 * Kept sessions that are subscribed, share, consume a queue, answer, go, come back and end as chance says, with crashes in
 * between. Whatever the disk holds then, each session's counts are those of its rows, and each body's that of those that name it.
 */
export class OwedWorld {
  readonly #disk: SessionDisk;
  readonly #queue: OneQueue;
  readonly #random: Random;
  readonly #clients = new Map<string, MemoryClient>();
  readonly #held = new Map<MemoryClient, Held[]>();
  #publisher: MemoryClient | undefined;
  #packetId = 0;

  constructor(disk: SessionDisk, queue: OneQueue, random: Random) {
    this.#disk = disk;
    this.#queue = queue;
    this.#random = random;
  }

  async run(steps: number): Promise<void> {
    await this.#begin();
    for (let step = 1; step <= steps; step++) {
      await this.#step(this.#random.pick(clientIds));
      if (step % 10 === 0) await this.#check();
    }
    await this.#finish();
  }

  async #begin(): Promise<void> {
    this.#clients.clear();
    this.#held.clear();
    this.#publisher = await this.#disk.fixture.connect('publisher');
  }

  async #step(clientId: string): Promise<void> {
    const client = this.#clients.get(clientId);
    const act = this.#random.choose<() => unknown>([
      [30, () => this.#publish(this.#random.chance(10) ? 400 : this.#random.between(1, 6))],
      [6, () => this.#queue.deliver('x'.repeat(3_000))],
      [20, () => client !== undefined && this.#answer(client, this.#random.below(50))],
      [8, () => this.#cut(clientId)],
      [10, () => this.#connect(clientId, this.#random.chance(30))],
      [3, () => this.#end(clientId)],
      [
        4,
        () => client?.send({ type: PacketType.unsubscribe, packetId: 9, filters: [filters[1]], properties: undefined }),
      ],
      [1, () => this.#queue.loseLeases()],
      [8, () => answered()],
      [5, () => this.#disk.flushed()],
      [2, () => this.#crash()],
    ]);
    await act();
    for (const packet of this.#publisher?.takeAll() ?? [])
      if (packet.type === PacketType.pubrec) this.#publisher?.ack(PacketType.pubrel, packet.packetId);
  }

  #publish(messages: number): void {
    for (let i = 0; i < messages; i++) {
      this.#packetId = (this.#packetId % 0xffff) + 1;
      const payload = 'x'.repeat(this.#random.pick(payloadBytes));
      const qos = this.#random.pick([1, 2] as const);
      this.#publisher?.publish(this.#random.pick(['t/x', 's/x']), payload, { qos, packetId: this.#packetId });
    }
  }

  /** Answers so many of what it holds, in any order, and at times refuses one; of PUBREL so many of a hundred. */
  #answer(client: MemoryClient, count: number, completed = 80): void {
    const held = this.#held.get(client) ?? [];
    for (const packet of client.takeAll()) {
      if (packet.type === PacketType.publish && 'qos' in packet) held.push(packet);
      else if (packet.type === PacketType.pubrel && this.#random.chance(completed))
        client.ack(PacketType.pubcomp, packet.packetId);
    }
    for (let i = Math.min(count, held.length); i > 0; i--) {
      const [{ packetId, qos }] = held.splice(this.#random.below(held.length), 1);
      client.ack(qos === 2 ? PacketType.pubrec : PacketType.puback, packetId, this.#random.chance(10) ? 0x80 : 0);
    }
    this.#held.set(client, held);
  }

  #cut(clientId: string): void {
    this.#clients.get(clientId)?.cut();
    this.#clients.delete(clientId);
  }

  #end(clientId: string): void {
    const properties = { sessionExpiryInterval: 0 };
    this.#clients.get(clientId)?.send({ type: PacketType.disconnect, reasonCode: 0, properties });
    this.#clients.delete(clientId);
  }

  /** Within one turn, so that it may fall into any part of a flush. */
  async #connect(clientId: string, cleanStart: boolean): Promise<MemoryClient> {
    const client = this.#disk.fixture.open();
    const receiveMaximum = this.#random.pick([1, 3, 300]);
    void client.connect({ clientId, cleanStart, properties: { sessionExpiryInterval: 1_000, receiveMaximum } });
    for (let i = 0; i < 20; i++) await null;
    this.#clients.set(clientId, client);
    const qos = this.#random.pick([1, 2] as const);
    for (const filter of filters) if (this.#random.chance(80)) client.sendSubscribe(filter, { qos });
    return client;
  }

  /** What is under way is flushed first: which of it was would be the disk's choice, and a run would not be told by its seed. */
  async #crash(): Promise<void> {
    await this.#disk.flushed();
    this.#queue.consumer = undefined;
    await this.#disk.restart();
    await this.#begin();
  }

  async #check(): Promise<void> {
    await this.#disk.flushed();
    const bodies = new Map(this.#disk.rows('session-bodies').map(({ key, value }) => [bodyOf(key), value]));
    const owed = new Map<number, Owed>();
    const uses = new Map<number, number>();
    for (const { key, value } of this.#disk.rows('session-messages')) {
      const { outgoing, body } = decodeOwed(value, (number) => decodeMessage(bodies.get(number) as Buffer));
      const sum = owed.get(numberOf(key)) ?? { messages: 0, shared: 0, bytes: 0 };
      sum.messages++;
      sum.shared += isOfGroup(value) ? 1 : 0;
      sum.bytes += outgoing.publication.size;
      owed.set(numberOf(key), sum);
      if (body > 0) uses.set(body, (uses.get(body) ?? 0) + 1);
    }
    const ended = this.#disk.rows('sessions').filter(({ value }) => decodeEnded(value) !== undefined);
    const beingSwept = new Set(ended.map(({ key }) => numberOf(key)));
    for (const { key, value } of this.#disk.rows('session-positions')) {
      if (beingSwept.has(numberOf(key))) continue;
      const { lastSequence: _, ...counted } = decodePosition(value);
      assert.deepEqual(counted, owed.get(numberOf(key)) ?? { messages: 0, shared: 0, bytes: 0 });
    }
    const counts = this.#disk.rows('session-body-counts').map(({ key, value }) => [bodyOf(key), value.readUInt32BE()]);
    assert.deepEqual(new Map(counts as [number, number][]), uses);
    assert.deepEqual([...bodies.keys()].map(bodyKey), [...uses.keys()].sort((a, b) => a - b).map(bodyKey));
  }

  /** Everybody is back and answers everything: nothing is left. */
  async #finish(): Promise<void> {
    const clients: MemoryClient[] = [];
    for (const clientId of clientIds) clients.push(await this.#connect(clientId, false));
    for (let quietTurns = 0; quietTurns < 4; quietTurns++) {
      for (const client of clients) {
        if (client.waiting().length > 0) quietTurns = 0;
        this.#answer(client, Number.POSITIVE_INFINITY, 100);
      }
      await this.#disk.flushed();
    }
    await this.#check();
    const tables = ['session-bodies', 'session-body-counts'] as const;
    assert.deepEqual(
      tables.map((table) => this.#disk.count(table)),
      [0, 0],
    );
  }
}
