import assert from 'node:assert/strict';
import { acknowledged, type Consumption, type Delivery, released, type Settlement } from '../../../../message.ts';
import type { Random } from '../../../../std/testing/random.ts';
import { StorageDouble } from '../../../../storage/testing/storage-double.ts';
import type { GroupInfo } from '../../../engine.ts';
import { messageOf, turns } from '../../../testing/recording-consumer.ts';
import { queueKey } from '../../keys.ts';
import { TestEngine } from '../../testing/test-engine.ts';
import { decodeWaiting } from '../../waiting.ts';
import { decodeGroup, sequenceOfGroupStateKey } from '../group-row.ts';

const groups = ['a', 'b', 'c'] as const;
const failed: Settlement = { kind: 'failed', code: 'driver_failed', reason: 'no luck' };
const rejected: Settlement = { kind: 'rejected', code: 'schema_violation', reason: 'no number' };
const leaseMs = 10_000;
const backoffMs = 5_000;

/** What one group should have done, and what its consumers hold. */
interface ReferenceGroup {
  readonly settled: Set<number>;
  /** How often each has failed. */
  readonly failures: Map<number, number>;
  readonly held: Delivery[];
  consumption: Consumption | undefined;
  /** It is being moved: what comes is of before or of after. */
  isSeeking: boolean;
}

/** For tests: random operations on a log, and beside it what each group has to have settled. */
export class LogRun {
  readonly #random: Random;
  readonly #under: TestEngine;
  readonly #groups = new Map<string, ReferenceGroup>();
  /** Payloads by sequence, of all that were taken in. */
  readonly #payloads = new Map<number, string>();
  #published = 0;
  #next = 1;

  constructor(random: Random) {
    this.#random = random;
    this.#under = new TestEngine({
      random,
      storage: new StorageDouble(),
      hot: { bytesMax: 2_000, messagesMax: 20, queueBytesMin: 300, queueMessagesMin: 3 },
    });
    for (const group of groups)
      this.#groups.set(group, {
        settled: new Set(),
        failures: new Map(),
        held: [],
        consumption: undefined,
        isSeeking: false,
      });
  }

  async run(steps: number): Promise<void> {
    await this.#under.open();
    await this.#under.engine.declare('log', {
      kind: 'log',
      bindings: [{ filter: 'log' }],
      leaseMs,
      maxDeliveries: 3,
      backoff: { kind: 'fixed', initialMs: backoffMs, factor: 1, maxMs: backoffMs, jitter: 0 },
      group: { start: 'earliest' },
      ordering: this.#random.below(2) === 0 ? 'none' : 'total',
    });
    for (const group of groups) await this.#under.engine.seek('log', group, 'earliest');
    for (let step = 0; step < steps; step++) {
      await this.#operations[this.#random.below(this.#operations.length)]();
      await this.#settle();
      await this.#check();
    }
    await this.#drain();
    await this.#under.close();
  }

  readonly #operations: readonly (() => Promise<void> | void)[] = [
    () => this.#publish(),
    () => this.#publish(),
    () => this.#publish(),
    () => this.#join(),
    () => this.#join(),
    () => this.#leave(),
    () => this.#answer(acknowledged),
    () => this.#answer(acknowledged),
    () => this.#answer(acknowledged),
    () => this.#answer(failed),
    () => this.#answer(rejected),
    () => this.#answer(released),
    () => this.#wait(),
    () => this.#seek(),
    () => this.#reopen(),
    () => this.#cutPower(),
  ];

  #publish(): void {
    const destination = this.#under.engine.route('log');
    for (let count = this.#random.between(1, 20); count > 0; count--) {
      this.#next++;
      destination?.admit(messageOf(`${this.#published++}`, { topic: 'log' }), { receipt: () => undefined }, 0);
    }
  }

  async #join(): Promise<void> {
    const [name, group] = this.#any();
    if (group.consumption !== undefined) return;
    const { engine } = this.#under;
    const consumer = {
      id: name,
      deliver: (delivery: Delivery) => {
        // An engine whose power was cut goes on in this process.
        if (this.#under.engine === engine) this.#take(group, delivery);
      },
      ended: () => undefined,
    };
    group.consumption = await engine.consume('log', consumer, {
      credit: this.#random.between(1, 12),
      group: name,
    });
  }

  #leave(): void {
    const [, group] = this.#any();
    group.consumption?.stop();
    group.consumption = undefined;
    group.held.length = 0;
  }

  #take(group: ReferenceGroup, delivery: Delivery): void {
    const { sequence } = delivery;
    const payload = delivery.message.payload.toString();
    if (group.isSeeking) {
      group.held.push(delivery);
      return;
    }
    assert.ok(!group.settled.has(sequence), `${sequence} was settled and comes again`);
    assert.equal(this.#payloads.get(sequence) ?? payload, payload, `${sequence} has been two messages`);
    this.#payloads.set(sequence, payload);
    assert.equal(delivery.attempt, (group.failures.get(sequence) ?? 0) + 1, `the attempt of ${sequence}`);
    group.held.push(delivery);
  }

  #answer(settlement: Settlement): void {
    const [, group] = this.#any();
    for (let count = this.#random.between(1, 6); count > 0 && group.held.length > 0; count--) {
      const [delivery] = group.held.splice(this.#random.below(group.held.length), 1);
      if (!delivery.held) {
        delivery.settle(settlement);
        continue;
      }
      // Known before it is said, because what is delivered instead comes within the call.
      if (settlement.kind === 'failed') this.#failed(group, delivery);
      else if (settlement.kind !== 'released') group.settled.add(delivery.sequence);
      assert.ok(delivery.settle(settlement));
    }
  }

  #failed(group: ReferenceGroup, { sequence, attempt }: Delivery): void {
    group.failures.set(sequence, attempt);
    if (attempt === 3) group.settled.add(sequence);
  }

  #wait(): void {
    const lost = [...this.#groups.values()].flatMap((group) =>
      group.held.filter(({ held }) => held).map((delivery) => ({ group, delivery })),
    );
    // No longer than a back-off, so that nothing runs out and comes again within it.
    this.#under.clock.advance(this.#random.between(1, backoffMs));
    for (const { group, delivery } of lost) {
      if (!delivery.held) this.#failed(group, delivery);
    }
  }

  async #seek(): Promise<void> {
    const [name, group] = this.#any();
    const sequence = this.#random.between(1, this.#next);
    group.isSeeking = true;
    await this.#under.engine.seek('log', name, { sequence });
    group.isSeeking = false;
    group.settled.clear();
    group.failures.clear();
    for (let below = 1; below < sequence; below++) group.settled.add(below);
  }

  async #reopen(): Promise<void> {
    this.#forgetConsumers();
    await this.#under.reopen();
  }

  /** What was not flushed is gone: acknowledgements too, and what is left of them the rows say. */
  async #cutPower(): Promise<void> {
    const isFlushed = this.#random.below(2) === 0;
    if (isFlushed) await this.#flush();
    this.#forgetConsumers();
    await this.#under.cutPower();
    const { messages } = await this.#under.engine.browse('log', { from: 0, limit: 1_000_000 });
    if (isFlushed) assert.equal(messages.length + 1, this.#next);
    this.#next = messages.length + 1;
    for (const { sequence, message } of messages) {
      assert.equal(this.#payloads.get(sequence) ?? message.payload.toString(), message.payload.toString());
    }
    for (const sequence of this.#payloads.keys()) assert.ok(sequence < this.#next, `${sequence} was seen and is lost`);
    for (const { value } of this.#under.environment.readRange('groups', queueKey(0), queueKey(99), 100)) {
      const stored = decodeGroup(value);
      const group = this.#groups.get(stored?.name ?? '');
      assert.ok(stored !== undefined && group !== undefined);
      const settled = Array.from({ length: this.#next - 1 }, (_, n) => n + 1).filter((n) => stored.settled.has(n));
      if (isFlushed)
        assert.deepEqual(
          settled,
          [...group.settled].sort((one, other) => one - other),
        );
      group.settled.clear();
      for (const sequence of settled) group.settled.add(sequence);
    }
    this.#readFailures(isFlushed);
  }

  /** Group ids are given in order, from 1. */
  #readFailures(isFlushed: boolean): void {
    for (const [index, name] of groups.entries()) {
      const { failures, settled } = this.#groups.get(name) as ReferenceGroup;
      const stored = new Map<number, number>();
      for (const { key, value } of this.#under.environment.readRange(
        'group-states',
        queueKey(0),
        queueKey(99),
        10_000,
      )) {
        if (key.readUInt32BE(4) === index + 1)
          stored.set(sequenceOfGroupStateKey(key), decodeWaiting(value)?.attempts ?? 0);
      }
      const open = [...failures].filter(([sequence]) => !settled.has(sequence));
      if (isFlushed)
        assert.deepEqual(
          [...stored],
          open.sort(([one], [other]) => one - other),
        );
      failures.clear();
      for (const [sequence, attempts] of stored) failures.set(sequence, attempts);
    }
  }

  #forgetConsumers(): void {
    for (const group of this.#groups.values()) {
      group.consumption = undefined;
      group.held.length = 0;
    }
  }

  async #settle(): Promise<void> {
    // A cut can come at any time, so not every step is flushed.
    if (this.#random.below(3) === 0) await turns(this.#random.between(0, 2));
    else await this.#flush();
  }

  async #flush(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await this.#under.commit.flushed();
      await turns();
    }
  }

  async #check(): Promise<void> {
    for (const { name, lagMessages } of await this.#under.engine.groups('log')) {
      assert.equal(lagMessages, this.#openOf(name).length, `the lag of ${name}`);
    }
  }

  #openOf(name: string): number[] {
    const settled = this.#groups.get(name)?.settled ?? new Set();
    return Array.from({ length: this.#next - 1 }, (_, n) => n + 1).filter((sequence) => !settled.has(sequence));
  }

  /** In the end each group gets all that it has not settled, and nothing else. */
  async #drain(): Promise<void> {
    for (const group of this.#groups.values()) {
      group.consumption?.stop();
      group.consumption = undefined;
      group.held.length = 0;
    }
    await this.#under.commit.flushed();
    for (const [name, group] of this.#groups) {
      const expected = this.#openOf(name);
      const got = new Set<number>();
      const consumer = {
        id: name,
        deliver: (delivery: Delivery) => {
          this.#take(group, delivery);
          got.add(delivery.sequence);
          delivery.settle(acknowledged);
        },
        ended: () => undefined,
      };
      await this.#under.engine.consume('log', consumer, { credit: 100, group: name });
      for (let i = 0; (await this.#infoOf(name)).lagMessages > 0; i++) {
        assert.ok(i < 50, `${name} does not come to its end`);
        this.#under.clock.advance(backoffMs);
        await turns();
      }
      assert.deepEqual(
        [...got].sort((a, b) => a - b),
        expected,
        `what ${name} gets in the end`,
      );
    }
  }

  #any(): [string, ReferenceGroup] {
    const name = groups[this.#random.below(groups.length)];
    return [name, this.#groups.get(name) as ReferenceGroup];
  }

  async #infoOf(name: string): Promise<GroupInfo> {
    return (await this.#under.engine.groups('log')).find((info) => info.name === name) as GroupInfo;
  }
}
