import assert from 'node:assert/strict';
import { acknowledged, type Consumption, type Delivery, released, type Settlement } from '../../../../message.ts';
import type { Random } from '../../../../std/testing/random.ts';
import type { RowBatch } from '../../../../storage/row-batch.ts';
import type { StorageDouble } from '../../../../storage/testing/storage-double.ts';
import type { LeasedMessage } from '../../../engine.ts';
import type { GivenQueueOptions, Overflow, QueueOptions } from '../../../options.ts';
import type { HotLimits } from '../../hot-window.ts';
import { TestEngine } from '../test-engine.ts';
import { CopiedLog } from './copied-log.ts';
import { History } from './history.ts';
import { ModelCopies } from './model-copies.ts';
import { ModelMoves } from './model-moves.ts';
import { optionsByChance, overflowsOf } from './options-by-chance.ts';
import { expiryOf, type Published } from './published.ts';
import { ReferenceLine } from './reference-line.ts';
import { ReferenceQueue } from './reference-queue.ts';

const failed: Settlement = { kind: 'failed', code: 'driver_failed', reason: 'a number was no number' };
const rejected: Settlement = { kind: 'rejected', code: 'schema_violation', reason: 'not so' };
/** Small, so that most of the backlog is on disk; or so that a queue that writes nothing has room for some. */
const hotByChance = [
  { bytesMax: 3_000, messagesMax: 30, queueBytesMin: 500, queueMessagesMin: 4 },
  { bytesMax: 30_000, messagesMax: 200, queueBytesMin: 5_000, queueMessagesMin: 30 },
];

/** The queues that operations work on. */
export const worked = ['a', 'b'] as const;
/** Where messages of `a` are parked and come back from: nobody consumes it. */
export const parked = 'a.parked';
/** A log that is copied into these. */
export const copied = 'log';

/** A lease, and who has it. */
export interface HeldLease extends LeasedMessage {
  readonly holder: string;
}

interface Takers {
  readonly names: readonly string[];
  readonly transaction: number;
}

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
  /** What the queues of this run do when they are full. */
  readonly overflows: readonly Overflow[];
  readonly history = new History();
  readonly moves: ModelMoves;
  readonly copies: ModelCopies;
  readonly log = new CopiedLog(this.history);
  readonly line = new ReferenceLine((published, isToldDuplicate) => this.#enter(published, isToldDuplicate));
  /** Room is made of which the reference is told afterwards. */
  isPurging = false;
  /** What is being published: whatever is delivered meanwhile comes after it is in. */
  offered: string | undefined;
  /** All of the reference, by name. */
  readonly queues = new Map<string, ReferenceQueue>();
  published = 0;
  receipts = 0;
  deliveries = 0;
  #receivedAt = 0;
  /** Of which life of the engine: what an earlier one still does is of no interest. */
  life = 0;
  problem: unknown;
  /** Totals of an engine start at zero with it. */
  readonly base = new Map<string, { enqueued: number; left: number; present: number }>();
  readonly #hot: HotLimits;
  readonly #consumers = new Map<string, Set<WorldConsumer>>();
  readonly #leases = new Map<string, Map<string, HeldLease>>();
  /** Where each message went whose receipt is still to come. */
  readonly #takers = new Map<string, Takers>();
  /** Who takes messages of a queue, the longest first: consumers, and the names of those who lease. */
  readonly #takingFrom = new Map<string, (WorldConsumer | string)[]>();

  constructor(random: Random, storage?: StorageDouble) {
    this.random = random;
    this.overflows = overflowsOf[random.pick(['dropping', 'waiting'] as const)];
    this.hasPowerCuts = storage !== undefined;
    this.moves = new ModelMoves(this);
    this.copies = new ModelCopies(this);
    const watch = { began: (rows: RowBatch) => this.#began(rows), ended: () => this.history.ended() };
    this.#hot = random.pick(hotByChance);
    // Goes on with each look, so that what is cut into steps by time is cut at the same places in each run.
    let looks = 0;
    const monotonicMs = (): number => looks++ / 10;
    this.under = new TestEngine({ hot: this.#hot, random, storage, watch, monotonicMs });
  }

  get now(): number {
    return this.under.clock.now();
  }

  nextReceivedAt(): number {
    this.#receivedAt = Math.max(this.#receivedAt + 1, this.now);
    return this.#receivedAt;
  }

  async open(): Promise<void> {
    await this.under.open();
    await this.#declare('a', { bindings: [{ filter: 't/a' }, { filter: 't/both' }] });
    await this.#declare('b', { bindings: [{ filter: 't/+' }], maxInflight: 12 });
    const { options } = await this.under.engine.declare(parked, { deadLetter: 'a.dead' });
    this.queues.set(parked, this.#reference(options, this.queue('a.dead')));
    await this.under.engine.declare(copied, { kind: 'log', bindings: [{ filter: copied }], retention: { ageMs: 0 } });
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

  leasesOf(name: string): Map<string, HeldLease> {
    return madeOn(this.#leases, name, () => new Map());
  }

  /** Another engine goes on with what is on disk; nobody consumes any more. */
  reborn(): void {
    this.life++;
    this.#consumers.clear();
    this.#leases.clear();
    this.#takingFrom.clear();
    this.#takers.clear();
    this.line.clear();
    this.receipts = this.published;
    this.log.reopened();
    this.copies.reopened();
    for (const [name, queue] of this.queues) {
      queue.reopened();
      this.base.set(name, { enqueued: queue.enqueued, left: queue.left, present: queue.messages.size });
    }
    // What became due in the meantime.
    this.under.clock.advance(0);
  }

  /** Whether the engine may have done something in this turn that the reference is told of by rows. */
  get isCatchingUp(): boolean {
    if (this.moves.running.size > 0 || this.copies.running.size > 0 || this.line.all.length > 0) return true;
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

  /** What the queues say to a publish now. It cannot be known of a queue in memory, whose room others share. */
  answerTo(published: Published): { kind: 'in' | 'waits' | 'refused'; isUncertain: boolean } {
    const isUncertain = published.names.some((name) => this.queue(name).room.isUncertain);
    for (const name of published.names) {
      const queue = this.queue(name);
      // What waited and turned out to be a duplicate is out of the line, and tells of it when all before it is flushed.
      const mayBeFirst = queue.options.overflow !== 'block' || this.line.mayBeOver(name);
      if (this.line.isBehind(name)) return { kind: 'waits', isUncertain: isUncertain || mayBeFirst };
      if (queue.entrance.isDuplicate(published)) continue;
      if (!queue.entrance.isTooFast(published) && queue.room.takes(published)) continue;
      return { kind: queue.options.overflow === 'block' ? 'waits' : 'refused', isUncertain };
    }
    return { kind: 'in', isUncertain };
  }

  takersOf(id: string): Takers | undefined {
    return this.#takers.get(id);
  }

  forgetTakers(id: string): void {
    this.#takers.delete(id);
  }

  /** One that takes messages comes, behind the others. */
  begins(name: string, taker: WorldConsumer | string): void {
    const taking = madeOn(this.#takingFrom, name, () => []);
    if (!taking.includes(taker)) taking.push(taker);
  }

  ends(name: string, taker: WorldConsumer | string): void {
    const taking = madeOn(this.#takingFrom, name, () => []);
    if (taking.includes(taker)) taking.splice(taking.indexOf(taker), 1);
  }

  /** Who gets everything where one does. */
  activeOf(name: string): WorldConsumer | string | undefined {
    return this.#takingFrom.get(name)?.[0];
  }

  /** One who leases takes part as long as it has something. */
  unleased(name: string, id: string, holder = this.leasesOf(name).get(id)?.holder): void {
    const leases = this.leasesOf(name);
    leases.delete(id);
    if (holder !== undefined && ![...leases.values()].some((lease) => lease.holder === holder)) this.ends(name, holder);
  }

  /** A message went from the engine to one who takes. */
  delivered(name: string, taker: WorldConsumer | string, id: string, attempt: number, leaseMs?: number): void {
    this.expireLeases();
    if (this.offered !== undefined) this.line.arrived(this.offered);
    // A move or the room that it waited for may have brought it in this very turn.
    const isNew = !this.queue(name).messages.has(id);
    if (isNew && !this.line.arrived(id)) this.moves.arrived(id, name);
    if (this.queue(name).options.singleActiveConsumer)
      assert.equal(taker, this.activeOf(name), `${id} went to one that is not the active consumer`);
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
    // A row that should not be there is no failure of the storage.
    this.told(this.life, () => this.moves.began(rows));
    this.history.began();
  }

  #takeFromHolder(name: string, id: string): void {
    this.unleased(name, id);
    for (const { held, lost } of this.consumersOf(name)) {
      const delivery = held.get(id);
      if (delivery === undefined) continue;
      held.delete(id);
      lost.push(delivery);
    }
  }

  async #declare(name: string, given: GivenQueueOptions): Promise<void> {
    const { engine } = this.under;
    const { options } = await engine.declare(name, { ...optionsByChance(this.random, this.overflows), ...given });
    const dead = await engine.declare(`${name}.dead`, { deadLetter: null });
    this.queues.set(`${name}.dead`, this.#reference(dead.options));
    this.queues.set(name, this.#reference(options, this.queue(`${name}.dead`)));
  }

  #reference(options: QueueOptions, dead?: ReferenceQueue): ReferenceQueue {
    return new ReferenceQueue(options, { history: this.history, clock: () => this.now, hot: this.#hot }, dead);
  }

  /** In all of its queues that do not know it already. One that waited may have been found to be a duplicate before its receipt comes. */
  #enter(published: Published, isToldDuplicate: boolean): void {
    const { id } = published;
    const at = isToldDuplicate ? published.at : this.now;
    const names = published.names.filter((name) => !this.queue(name).entrance.isDuplicate(published, at));
    for (const name of names) {
      const { options } = this.queue(name);
      const takes = this.queue(name).room.takes(published) && !this.queue(name).entrance.isTooFast(published);
      const mayTake = takes || this.isPurging || this.queue(name).mayHaveMoreRoom;
      assert.ok(mayTake || options.durability === 'memory', `${id} came into ${name}, which should not take it`);
    }
    for (const name of names) this.queue(name).admitted(published, expiryOf(published));
    this.#takers.set(id, { names, transaction: this.history.transaction });
  }
}

function madeOn<V>(map: Map<string, V>, name: string, make: () => V): V {
  const known = map.get(name);
  if (known !== undefined) return known;
  const made = make();
  map.set(name, made);
  return made;
}
