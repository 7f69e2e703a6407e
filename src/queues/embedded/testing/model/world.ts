import assert from 'node:assert/strict';
import { acknowledged, type Consumption, type Delivery, released, type Settlement } from '../../../../message.ts';
import type { Random } from '../../../../std/testing/random.ts';
import type { StorageDouble } from '../../../../storage/testing/storage-double.ts';
import type { LeasedMessage } from '../../../engine.ts';
import type { GivenQueueOptions } from '../../../options.ts';
import { TestEngine } from '../test-engine.ts';
import { ReferenceQueue } from './reference-queue.ts';

const failed: Settlement = { kind: 'failed', code: 'driver_failed', reason: 'a number was no number' };
const rejected: Settlement = { kind: 'rejected', code: 'schema_violation', reason: 'not so' };
/** Small, so that most of the backlog is on disk. */
const hot = { bytesMax: 3_000, messagesMax: 30, queueBytesMin: 500, queueMessagesMin: 4 };

/** The queues that operations work on. */
export const worked = ['a', 'b'] as const;

export interface WorldConsumer {
  readonly name: string;
  readonly held: Map<string, Delivery>;
  /** Lost leases that it has not answered. */
  readonly lost: Delivery[];
  consumption: Consumption | undefined;
  credit: number;
}

/** For tests: an engine, the reference that it must agree with, and who publishes to it and consumes from it. */
export class World {
  readonly random: Random;
  readonly under: TestEngine;
  /** Those that are worked on, and their dead letters. */
  readonly queues = new Map<string, ReferenceQueue>();
  published = 0;
  receipts = 0;
  /** Totals of an engine start at zero with it. */
  readonly base = new Map<string, { enqueued: number; left: number }>();
  readonly #consumers = new Map<string, Set<WorldConsumer>>();
  readonly #leases = new Map<string, Map<string, LeasedMessage>>();

  constructor(random: Random, storage?: StorageDouble) {
    this.random = random;
    this.under = new TestEngine({ hot, random, storage });
  }

  get now(): number {
    return this.under.clock.now();
  }

  async open(): Promise<void> {
    await this.under.open();
    await this.#declare('a', { bindings: [{ filter: 't/a' }, { filter: 't/both' }] });
    await this.#declare('b', { bindings: [{ filter: 't/+' }], dispatch: 'round_robin', maxInflight: 12 });
  }

  queue(name: string): ReferenceQueue {
    const queue = this.queues.get(name);
    assert.ok(queue !== undefined);
    return queue;
  }

  consumersOf(name: string): Set<WorldConsumer> {
    return madeOn(this.#consumers, name, () => new Set());
  }

  leasesOf(name: string): Map<string, LeasedMessage> {
    return madeOn(this.#leases, name, () => new Map());
  }

  /** Nobody consumes any more. */
  forgetConsumers(): void {
    this.#consumers.clear();
    this.#leases.clear();
  }

  settlement(): Settlement {
    return this.random.choose<Settlement>([
      [5, acknowledged],
      [1, released],
      [2, failed],
      [1, rejected],
    ]);
  }

  /** Before the engine hears of it, because it may deliver the same message again at once. */
  tell(name: string, id: string, settlement: Settlement): void {
    const queue = this.queue(name);
    if (settlement.kind === 'acknowledged') queue.acknowledged(id);
    else if (settlement.kind === 'released') queue.released(id);
    else if (settlement.kind === 'failed') queue.failed(id, this.now);
    else queue.died(id);
  }

  /** What the reference says is lost is not with its holder any more. */
  expireLeases(): void {
    for (const name of worked) {
      const queue = this.queue(name);
      const before = [...queue.messages.values()].filter(({ deadline }) => deadline !== undefined);
      queue.expireLeases(this.now);
      for (const { id } of before) if (!queue.isHeld(id)) this.#takeFromHolder(name, id);
    }
  }

  #takeFromHolder(name: string, id: string): void {
    this.leasesOf(name).delete(id);
    for (const { held, lost } of this.consumersOf(name)) {
      const delivery = held.get(id);
      if (delivery === undefined) continue;
      held.delete(id);
      lost.push(delivery);
    }
  }

  async #declare(name: string, given: GivenQueueOptions): Promise<void> {
    const backoff = { kind: 'exponential', initialMs: 800, factor: 3, maxMs: 30_000, jitter: 0 } as const;
    const { options } = await this.under.engine.declare(name, { leaseMs: 5_000, maxDeliveries: 3, backoff, ...given });
    const dead = new ReferenceQueue(options);
    this.queues.set(name, new ReferenceQueue(options, dead));
    this.queues.set(`${name}.dead`, dead);
    await this.under.engine.declare(`${name}.dead`, { deadLetter: null });
  }
}

function madeOn<V>(map: Map<string, V>, name: string, make: () => V): V {
  const known = map.get(name);
  if (known !== undefined) return known;
  const made = make();
  map.set(name, made);
  return made;
}
