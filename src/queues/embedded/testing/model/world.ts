import assert from 'node:assert/strict';
import { acknowledged, type Consumption, type Delivery, released, type Settlement } from '../../../../message.ts';
import type { Random } from '../../../../std/testing/random.ts';
import type { RowBatch } from '../../../../storage/row-batch.ts';
import type { StorageDouble } from '../../../../storage/testing/storage-double.ts';
import type { LeasedMessage } from '../../../engine.ts';
import type { GivenQueueOptions } from '../../../options.ts';
import { TestEngine } from '../test-engine.ts';
import { History } from './history.ts';
import { ModelMoves } from './model-moves.ts';
import { optionsByChance } from './options-by-chance.ts';
import { ReferenceQueue } from './reference-queue.ts';

const failed: Settlement = { kind: 'failed', code: 'driver_failed', reason: 'a number was no number' };
const rejected: Settlement = { kind: 'rejected', code: 'schema_violation', reason: 'not so' };
/** Small, so that most of the backlog is on disk. */
const hot = { bytesMax: 3_000, messagesMax: 30, queueBytesMin: 500, queueMessagesMin: 4 };

/** The queues that operations work on. */
export const worked = ['a', 'b'] as const;
/** Where messages of `a` are parked and come back from: nobody consumes it. */
export const parked = 'a.parked';

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
  readonly hasPowerCuts: boolean;
  readonly history = new History();
  readonly moves: ModelMoves;
  /** All of the reference, by name. */
  readonly queues = new Map<string, ReferenceQueue>();
  published = 0;
  receipts = 0;
  deliveries = 0;
  /** Of which life of the engine: what an earlier one still does is of no interest. */
  life = 0;
  problem: unknown;
  /** Totals of an engine start at zero with it. */
  readonly base = new Map<string, { enqueued: number; left: number; present: number }>();
  readonly #consumers = new Map<string, Set<WorldConsumer>>();
  readonly #leases = new Map<string, Map<string, LeasedMessage>>();

  constructor(random: Random, storage?: StorageDouble) {
    this.random = random;
    this.hasPowerCuts = storage !== undefined;
    this.moves = new ModelMoves(this);
    const watch = { began: (rows: RowBatch) => this.#began(rows), ended: () => this.history.ended() };
    this.under = new TestEngine({ hot, random, storage, watch });
  }

  get now(): number {
    return this.under.clock.now();
  }

  async open(): Promise<void> {
    await this.under.open();
    await this.#declare('a', { bindings: [{ filter: 't/a' }, { filter: 't/both' }] });
    await this.#declare('b', { bindings: [{ filter: 't/+' }], maxInflight: 12 });
    const { options } = await this.under.engine.declare(parked, { deadLetter: 'a.dead' });
    this.queues.set(parked, new ReferenceQueue(options, this.history, this.queue('a.dead')));
    for (const [name, queue] of this.queues) queue.mayLeave = (id) => this.moves.mayTake(name, id);
    this.moves.learnNames();
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

  /** Another engine goes on with what is on disk; nobody consumes any more. */
  reborn(): void {
    this.life++;
    this.#consumers.clear();
    this.#leases.clear();
    this.receipts = this.published;
    for (const [name, queue] of this.queues) {
      queue.reopened();
      this.base.set(name, { enqueued: queue.enqueued, left: queue.left, present: queue.messages.size });
    }
    // What became due in the meantime.
    this.under.clock.advance(0);
  }

  /** Whether the engine may have done something in this turn that the reference is told of by rows. */
  get isCatchingUp(): boolean {
    if (this.moves.running.size > 0) return true;
    return [...this.queues.values()].some((queue) => queue.hasOverdue(this.now));
  }

  settlement(): Settlement {
    return this.random.choose<Settlement>([
      [5, acknowledged],
      [1, released],
      [2, failed],
      [1, rejected],
    ]);
  }

  /** Keeps what goes wrong in a call from the engine, which must not throw, for the step to fail with. */
  told(life: number, happened: () => void): void {
    if (life !== this.life) return;
    try {
      happened();
    } catch (problem) {
      this.problem ??= problem;
    }
  }

  /** A message went from the engine to a consumer. */
  delivered(name: string, id: string, attempt: number, leaseMs?: number): void {
    this.expireLeases();
    // A move may have brought it in this very turn.
    if (!this.queue(name).messages.has(id)) this.moves.arrived(id, name);
    this.queue(name).delivered(id, attempt, this.now, leaseMs);
    this.deliveries++;
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
      for (const id of this.queue(name).expireLeases(this.now)) this.#takeFromHolder(name, id);
    }
  }

  /** In this turn the engine and the reference have done the same, and the rows say what the disk will have of it. */
  #began(rows: RowBatch): void {
    this.moves.began(rows);
    this.history.began();
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
    const { engine } = this.under;
    const { options } = await engine.declare(name, { ...optionsByChance(this.random), ...given });
    const dead = await engine.declare(`${name}.dead`, { deadLetter: null });
    this.queues.set(`${name}.dead`, new ReferenceQueue(dead.options, this.history));
    this.queues.set(name, new ReferenceQueue(options, this.history, this.queue(`${name}.dead`)));
  }
}

function madeOn<V>(map: Map<string, V>, name: string, make: () => V): V {
  const known = map.get(name);
  if (known !== undefined) return known;
  const made = make();
  map.set(name, made);
  return made;
}
