import assert from 'node:assert/strict';
import { PacketType } from '../../mqtt/codec/packets.ts';
import type { Random } from '../../std/testing/random.ts';
import type { BrokerFixture } from './broker-fixture.ts';
import type { MemoryClient } from './memory-client.ts';

const expirySeconds = 100;

/** A client as it may be: never seen, connected with or without its subscription, or away with a kept session. */
interface Worker {
  readonly clientId: string;
  client: MemoryClient | undefined;
  isKept: boolean;
  /** Received and not acknowledged, by packet id. */
  readonly held: Map<number, string>;
}

/**
 * A group of workers that join, leave, work, stall and die as chance says, while messages of QoS 1 are published to them.
 * One member is never gone for good, so that no message may be lost; and since only a member that is gone for good gives
 * away what it was sent, each is acknowledged once.
 */
export class SharedWorld {
  readonly #fixture: BrokerFixture;
  readonly #random: Random;
  readonly #settled: () => Promise<void>;
  readonly #name: string;
  readonly #publisher: MemoryClient;
  readonly #workers: Worker[];
  readonly #published: string[] = [];
  readonly #acknowledged = new Map<string, string>();

  private constructor(
    fixture: BrokerFixture,
    random: Random,
    name: string,
    settled: () => Promise<void>,
    publisher: MemoryClient,
  ) {
    this.#fixture = fixture;
    this.#random = random;
    this.#name = name;
    this.#settled = settled;
    this.#publisher = publisher;
    this.#workers = ['base', 'a', 'b', 'c', 'd'].map((id) => ({
      clientId: `${name}-${id}`,
      client: undefined,
      isKept: id === 'base',
      held: new Map(),
    }));
  }

  /** `name` keeps worlds that share a broker apart; `settled` waits until everything is on disk. */
  static async create(
    fixture: BrokerFixture,
    random: Random,
    name: string,
    settled: () => Promise<void>,
  ): Promise<SharedWorld> {
    const world = new SharedWorld(fixture, random, name, settled, await fixture.connect(`${name}-publisher`));
    await world.#arrive(world.#base, true);
    return world;
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) await this.#step();
    await this.#finish();
  }

  get #base(): Worker {
    return this.#workers[0];
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const worker = random.pick(this.#workers);
    const dice = random.below(100);
    if (dice < 40) this.#publish(random.between(1, 6));
    else if (dice < 65) this.#work(worker, random.between(1, 8));
    else if (dice < 80) await this.#arrive(worker, worker === this.#base || random.chance(50));
    else if (dice < 92) this.#depart(worker);
    else if (dice < 96) await this.#subscription(worker, random.chance(60));
    else this.#fixture.clock.advance(expirySeconds * 1000 + 1);
    if (random.chance(40)) await this.#settled();
  }

  #publish(count: number): void {
    for (let i = 0; i < count; i++) {
      const payload = `${this.#published.length}`;
      this.#published.push(payload);
      this.#publisher.publish(`${this.#name}/t`, payload, { qos: 1, packetId: this.#published.length });
    }
    this.#publisher.waiting();
  }

  /** Takes what has come, and acknowledges some of it, oldest first. */
  #work(worker: Worker, count: number): void {
    const { client, held } = worker;
    if (client === undefined) return;
    for (const type of client.waiting()) {
      if (type === PacketType.publish) {
        const { packetId, payload } = client.takePublish();
        assert.equal(this.#acknowledged.get(payload), undefined, `"${payload}" came after it was acknowledged`);
        held.set(packetId, payload);
      } else client.take(type as typeof PacketType.suback);
    }
    for (const [packetId, payload] of [...held].slice(0, count)) {
      held.delete(packetId);
      const other = this.#acknowledged.get(payload);
      assert.equal(other, undefined, `${worker.clientId} was sent "${payload}", which ${other} acknowledged`);
      this.#acknowledged.set(payload, worker.clientId);
      client.ack(PacketType.puback, packetId);
    }
  }

  /** Connects: for the first time, again, with a session that is taken up or anew, also over a connection that stands. */
  async #arrive(worker: Worker, isKept: boolean): Promise<void> {
    const cleanStart = worker !== this.#base && this.#random.chance(40);
    worker.isKept = isKept;
    worker.held.clear();
    worker.client = this.#fixture.open();
    const sessionExpiryInterval = worker === this.#base ? 0xffff_ffff : isKept ? expirySeconds : 0;
    await worker.client.connect({
      clientId: worker.clientId,
      cleanStart,
      properties: { sessionExpiryInterval, receiveMaximum: this.#random.between(1, 5) },
    });
    await this.#subscription(worker, true);
  }

  #depart(worker: Worker): void {
    worker.client?.cut();
    worker.client = undefined;
    worker.held.clear();
  }

  async #subscription({ client, clientId }: Worker, wanted: boolean): Promise<void> {
    if (client === undefined) return;
    const filter = `$share/workers/${this.#name}/#`;
    if (wanted || clientId === this.#base.clientId) client.sendSubscribe(filter, { qos: 1 });
    else client.send({ type: PacketType.unsubscribe, packetId: 1, filters: [filter], properties: undefined });
    await this.#settled();
  }

  /** Everybody but one goes for good; that one does what is left. */
  async #finish(): Promise<void> {
    for (const worker of this.#workers) if (worker !== this.#base) this.#depart(worker);
    await this.#settled();
    this.#fixture.clock.advance(expirySeconds * 1000 + 1);
    await this.#settled();
    await this.#arrive(this.#base, true);
    for (let idle = 0; idle < 3; ) {
      const before = this.#acknowledged.size;
      this.#work(this.#base, Number.POSITIVE_INFINITY);
      await this.#settled();
      idle = this.#acknowledged.size === before ? idle + 1 : 0;
    }
    const lost = this.#published.filter((payload) => !this.#acknowledged.has(payload));
    assert.deepEqual(lost, [], 'messages that nobody acknowledged');
    assert.deepEqual(
      Object.values(this.#fixture.broker.counters.dropped).filter((count) => count > 0),
      [],
    );
    this.#depart(this.#base);
  }
}
