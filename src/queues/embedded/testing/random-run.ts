import assert from 'node:assert/strict';
import { acknowledged, type Consumption, type Delivery, released, type Settlement } from '../../../message.ts';
import type { Random } from '../../../std/testing/random.ts';
import type { StorageDouble } from '../../../storage/testing/storage-double.ts';
import type { LeasedMessage } from '../../engine.ts';
import type { QueueOptions } from '../../options.ts';
import { droppedOf } from '../../queue-stats.ts';
import { messageOf, turns } from '../../testing/recording-consumer.ts';
import { ReferenceQueue } from './reference-queue.ts';
import { TestEngine } from './test-engine.ts';

const failed: Settlement = { kind: 'failed', code: 'driver_failed', reason: 'a number was no number' };
const rejected: Settlement = { kind: 'rejected', code: 'schema_violation', reason: 'not so' };
/** Small, so that most of the backlog is on disk. */
const hot = { bytesMax: 3_000, messagesMax: 30, queueBytesMin: 500, queueMessagesMin: 4 };

interface RunConsumer {
  readonly name: string;
  readonly held: Map<string, Delivery>;
  /** Lost leases that it has not answered. */
  readonly lost: Delivery[];
  consumption: Consumption | undefined;
  credit: number;
}

/** For tests: one seed is one run of random operations on an engine, checked against the reference after each. */
export class RandomRun {
  readonly #random: Random;
  readonly #under: TestEngine;
  readonly #queues = new Map<string, ReferenceQueue>();
  #consumers = new Map<string, Set<RunConsumer>>();
  #leases = new Map<string, Map<string, LeasedMessage>>();
  #published = 0;
  #receipts = 0;
  /** Totals of an engine start at zero with it. */
  #base = new Map<string, { enqueued: number; left: number }>();

  constructor(random: Random, storage?: StorageDouble) {
    this.#random = random;
    this.#under = new TestEngine({ hot, random, storage });
  }

  async run(steps: number): Promise<void> {
    await this.#under.open();
    await this.#declare('a', { bindings: [{ filter: 't/a' }, { filter: 't/both' }] });
    await this.#declare('b', { bindings: [{ filter: 't/+' }], dispatch: 'round_robin', maxInflight: 12 });
    for (let step = 0; step < steps; step++) {
      try {
        await this.#step();
        if (step % 20 === 0) await this.#checkAll();
      } catch (problem) {
        throw new Error(`step ${step}: ${(problem as Error).message}`, { cause: problem });
      }
    }
    await this.#checkAll();
    await this.#under.close();
  }

  async #declare(name: string, given: Partial<QueueOptions>): Promise<void> {
    const backoff = { kind: 'exponential', initialMs: 800, factor: 3, maxMs: 30_000, jitter: 0 } as const;
    const { options } = await this.#under.engine.declare(name, { leaseMs: 5_000, maxDeliveries: 3, backoff, ...given });
    const dead = new ReferenceQueue(options);
    this.#queues.set(name, new ReferenceQueue(options, dead));
    this.#queues.set(`${name}.dead`, dead);
    await this.#under.engine.declare(`${name}.dead`, { deadLetter: null });
  }

  async #step(): Promise<void> {
    const name = this.#random.pick(['a', 'b']);
    const run = this.#random.choose<() => unknown>([
      [30, () => this.#publish()],
      [45, () => this.#settleHeld(name)],
      [5, () => this.#answerLost(name)],
      [6, () => this.#advance()],
      [8, () => this.#consume(name)],
      [3, () => this.#stopConsumer(name)],
      [4, () => this.#setCredit(name)],
      [6, () => this.#lease(name)],
      [8, () => this.#settleLeased(name)],
      [1, () => this.#changeOptions(name)],
      [0.7, () => this.#replay(name)],
      [0.3, () => this.#purge(name)],
      [0.4, () => this.#restart()],
    ]);
    await run();
    await turns(1);
    await this.#checkCounts();
  }

  #publish(): void {
    const topic = this.#random.pick(['t/a', 't/both', 't/b']);
    const count = this.#random.between(1, 12);
    for (let i = 0; i < count; i++) {
      const id = `m${this.#published++}`;
      for (const name of topic === 't/a' ? ['a', 'b'] : topic === 't/both' ? ['a', 'b'] : ['b']) {
        this.#queue(name).enqueue(id, true);
      }
      const waiter = {
        receipt: (_tag: number, failure: Error | undefined) => {
          assert.equal(failure, undefined);
          this.#receipts++;
        },
      };
      assert.equal(this.#under.engine.route(topic)?.admit(messageOf(id, { topic }), waiter, 0), true);
    }
  }

  #settleHeld(name: string): void {
    const holding = [...this.#consumersOf(name)].filter((consumer) => consumer.held.size > 0);
    if (holding.length === 0) return;
    const { held } = this.#random.pick(holding);
    const [id, delivery] = this.#random.pick([...held]);
    held.delete(id);
    const settlement = this.#settlement();
    // Before the engine hears of it, because it may deliver the same message again at once.
    this.#tell(name, id, settlement);
    assert.equal(delivery.settle(settlement), true, `${id} was held and could not be settled`);
    assert.equal(delivery.settle(acknowledged), false, `${id} was settled twice`);
  }

  #answerLost(name: string): void {
    for (const consumer of this.#consumersOf(name)) {
      const delivery = consumer.lost.pop();
      if (delivery !== undefined) assert.equal(delivery.settle(acknowledged), false);
    }
  }

  #advance(): void {
    const ms = Math.floor(this.#random.fraction() ** 3 * 12_000);
    this.#under.clock.advance(ms);
    this.#expireLeases();
  }

  #consume(name: string): Promise<void> | undefined {
    if (this.#consumersOf(name).size >= 4) return undefined;
    const credit = this.#random.between(1, 8);
    const consumer: RunConsumer = { name, held: new Map(), lost: [], consumption: undefined, credit };
    this.#consumersOf(name).add(consumer);
    return this.#under.engine
      .consume(
        name,
        {
          id: 'consumer',
          deliver: (delivery) => this.#delivered(consumer, delivery),
          ended: () => consumer.held.clear(),
        },
        { credit },
      )
      .then((consumption) => {
        consumer.consumption = consumption;
      });
  }

  #delivered(consumer: RunConsumer, delivery: Delivery): void {
    const id = delivery.message.payload.toString();
    this.#expireLeases();
    this.#queue(consumer.name).delivered(id, delivery.attempt, this.#under.clock.now());
    consumer.held.set(id, delivery);
    const taken = consumer.held.size + consumer.lost.length;
    assert.ok(taken <= consumer.credit, `a consumer with credit ${consumer.credit} got a delivery too many`);
    if (this.#random.chance(30)) {
      consumer.held.delete(id);
      this.#tell(consumer.name, id, acknowledged);
      assert.equal(delivery.settle(acknowledged), true);
    }
  }

  #stopConsumer(name: string): void {
    const consumers = this.#consumersOf(name);
    if (consumers.size === 0) return;
    const consumer = this.#random.pick([...consumers]);
    consumers.delete(consumer);
    const held = [...consumer.held];
    for (const [id] of held) this.#queue(name).released(id);
    consumer.held.clear();
    consumer.consumption?.stop();
    for (const [, delivery] of held) assert.equal(delivery.settle(acknowledged), false);
    for (const delivery of consumer.lost) assert.equal(delivery.settle(acknowledged), false);
  }

  #setCredit(name: string): void {
    const consumers = [...this.#consumersOf(name)];
    if (consumers.length === 0) return;
    const consumer = this.#random.pick(consumers);
    consumer.credit = this.#random.below(10);
    consumer.consumption?.setCredit(consumer.credit);
  }

  async #lease(name: string): Promise<void> {
    const max = this.#random.between(1, 6);
    const leased = await this.#under.engine.lease(name, {
      consumerId: this.#random.pick(['x', 'y']),
      max,
      waitMs: 0,
      leaseMs: 4_000,
    });
    for (const one of leased) {
      const id = one.delivery.message.payload.toString();
      this.#queue(name).delivered(id, one.delivery.attempt, this.#under.clock.now(), 4_000);
      this.#leasesOf(name).set(id, one);
    }
  }

  async #settleLeased(name: string): Promise<void> {
    const leases = this.#leasesOf(name);
    if (leases.size === 0) return;
    const [id, { token }] = this.#random.pick([...leases]);
    leases.delete(id);
    const settlement = this.#settlement();
    this.#tell(name, id, settlement);
    assert.equal((await this.#under.engine.settle(name, [token], settlement))[0].ok, true);
    assert.equal((await this.#under.engine.settle(name, [token], settlement))[0].ok, false);
  }

  async #changeOptions(name: string): Promise<void> {
    const changed = {
      paused: this.#random.chance(20),
      maxInflight: this.#random.between(5, 34),
      dispatch: this.#random.pick(['least_inflight', 'round_robin'] as const),
    };
    const queue = this.#queue(name);
    queue.options = { ...queue.options, ...changed };
    await this.#under.engine.declare(name, changed);
  }

  /** Dead letters back to their queue: all, or those that match. */
  async #replay(name: string): Promise<void> {
    const dead = this.#queue(`${name}.dead`);
    const digit = String(this.#random.below(10));
    const all = this.#random.chance(50);
    const matches = (id: string): boolean => all || id.endsWith(digit);
    const expected = [...dead.messages.keys()].filter(matches);
    // Back in its queue a message can be delivered before `move` resolves.
    for (const id of expected) {
      dead.removed(id);
      this.#queue(name).enqueue(id, false);
    }
    const { moved } = await this.#under.engine.move({
      from: `${name}.dead`,
      match: ({ message }) => matches(message.payload.toString()),
    });
    assert.equal(moved, expected.length);
  }

  async #purge(name: string): Promise<void> {
    // Whatever can be delivered has been, so that nothing is while the purge runs.
    await this.#under.commit.flushed();
    await turns();
    const queue = this.#queue(name);
    const gone = [...queue.messages.values()].filter(({ deadline }) => deadline === undefined);
    assert.equal(await this.#under.engine.purge(name), gone.length);
    for (const { id } of gone) queue.removed(id);
  }

  async #restart(): Promise<void> {
    await (this.#random.chance(50) ? this.#under.reopen() : this.#under.crash());
    assert.equal(this.#receipts, this.#published, 'receipts are missing');
    this.#consumers = new Map();
    this.#leases = new Map();
    for (const [name, queue] of this.#queues) {
      queue.reopened();
      this.#base.set(name, { enqueued: queue.enqueued, left: queue.left });
    }
    this.#under.clock.advance(0);
  }

  #tell(name: string, id: string, settlement: Settlement): void {
    const queue = this.#queue(name);
    if (settlement.kind === 'acknowledged') queue.acknowledged(id);
    else if (settlement.kind === 'released') queue.released(id);
    else if (settlement.kind === 'failed') queue.failed(id, this.#under.clock.now());
    else queue.died(id);
  }

  /** What the reference says is lost is not with its holder any more. */
  #expireLeases(): void {
    for (const name of ['a', 'b']) {
      const queue = this.#queue(name);
      const before = new Set(
        [...queue.messages.values()].filter(({ deadline }) => deadline !== undefined).map(({ id }) => id),
      );
      queue.expireLeases(this.#under.clock.now());
      for (const id of before) {
        if (queue.isHeld(id)) continue;
        this.#leasesOf(name).delete(id);
        for (const consumer of this.#consumersOf(name)) {
          const delivery = consumer.held.get(id);
          if (delivery === undefined) continue;
          consumer.held.delete(id);
          consumer.lost.push(delivery);
        }
      }
    }
  }

  async #checkCounts(): Promise<void> {
    const now = this.#under.clock.now();
    for (const [name, queue] of this.#queues) {
      const stats = await this.#under.engine.stats(name);
      const base = this.#base.get(name) ?? { enqueued: 0, left: 0 };
      const left = stats.acknowledged + stats.deadLettered + stats.expired + droppedOf(stats) + stats.moved;
      assert.deepEqual(
        { ready: stats.ready, leased: stats.leased, scheduled: stats.scheduled, enqueued: stats.enqueued, left },
        {
          ready: queue.ready(now),
          leased: queue.leased,
          scheduled: queue.scheduled(now),
          enqueued: queue.enqueued - base.enqueued,
          left: queue.left - base.left,
        },
        `counts of ${name}`,
      );
    }
  }

  async #checkAll(): Promise<void> {
    await this.#under.commit.flushed();
    await turns();
    await this.#checkCounts();
    const now = this.#under.clock.now();
    for (const [name, queue] of this.#queues) {
      const { messages } = await this.#under.engine.browse(name, { from: 0, limit: 100_000 });
      const found = messages.map(({ message, state, attempts }) => `${message.payload} ${state} ${attempts}`).sort();
      const expected = [...queue.messages.values()].map(({ id, attempts, availableAt, deadline }) => {
        const state = deadline !== undefined ? 'leased' : availableAt > now ? 'scheduled' : 'ready';
        return `${id} ${state} ${attempts}`;
      });
      assert.deepEqual(found, expected.sort(), `messages of ${name}`);
      this.#checkNobodyIsForgotten(name, queue, now);
    }
  }

  /** Where something is ready and a consumer has credit, it must have been delivered. */
  #checkNobodyIsForgotten(name: string, queue: ReferenceQueue, now: number): void {
    const { paused, maxInflight } = queue.options;
    if (paused || queue.leased >= maxInflight || queue.ready(now) === 0) return;
    for (const { held, lost, credit } of this.#consumersOf(name)) {
      assert.ok(
        held.size + lost.length >= credit,
        `a consumer of ${name} with credit waits, and ${queue.ready(now)} are ready`,
      );
    }
  }

  #settlement(): Settlement {
    return this.#random.choose<Settlement>([
      [5, acknowledged],
      [1, released],
      [2, failed],
      [1, rejected],
    ]);
  }

  #queue(name: string): ReferenceQueue {
    const queue = this.#queues.get(name);
    assert.ok(queue !== undefined);
    return queue;
  }

  #consumersOf(name: string): Set<RunConsumer> {
    const consumers = this.#consumers.get(name) ?? new Set();
    this.#consumers.set(name, consumers);
    return consumers;
  }

  #leasesOf(name: string): Map<string, LeasedMessage> {
    const leases = this.#leases.get(name) ?? new Map();
    this.#leases.set(name, leases);
    return leases;
  }
}
