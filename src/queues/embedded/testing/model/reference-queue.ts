import assert from 'node:assert/strict';
import type { QueueOptions } from '../../../options.ts';
import { backoffMs } from '../../backoff.ts';
import type { HotLimits } from '../../hot-window.ts';
import type { History } from './history.ts';
import { laneOf, type Published } from './published.ts';
import { ReferenceEntrance } from './reference-entrance.ts';
import { ReferenceHolding } from './reference-holding.ts';
import type { ReferenceMessage } from './reference-message.ts';
import { ReferenceRate } from './reference-rate.ts';
import { bytesOf, ReferenceRoom } from './reference-room.ts';
import { ReferenceTurn, type TurnQueue } from './reference-turn.ts';
import { ReferenceValues } from './reference-values.ts';

interface Entering {
  readonly id: string;
  readonly expiresAt: number;
  /** Undefined where its row will tell. */
  readonly bytes?: number;
  /** Behind all that came before, and not what died, moved or waits for a time of its own. */
  readonly inOrder?: boolean;
  readonly availableAt?: number;
  readonly since?: number;
  /** No newer value of its key was there when this transaction began. */
  readonly isNewest?: boolean;
}

interface ReferenceParts {
  readonly history: History;
  readonly clock: () => number;
  readonly hot: HotLimits;
}

/** For tests: a queue as simple as can be, which the engine must agree with after every step. Its back-off has no jitter. */
export class ReferenceQueue implements TurnQueue {
  readonly messages = new Map<string, ReferenceMessage>();
  readonly dead: ReferenceQueue | undefined;
  readonly #history: History;
  readonly holding = new ReferenceHolding(this.messages);
  /** All whose time is to come, and some whose time has come. */
  readonly #waiting = new Set<ReferenceMessage>();
  /** Went in this turn, and where to is not known. */
  readonly #inDoubt = new Map<string, ReferenceMessage>();
  readonly #clock: () => number;
  readonly #turn: ReferenceTurn;
  readonly entrance: ReferenceEntrance;
  options: QueueOptions;
  #outflow: ReferenceRate | undefined;
  readonly values = new ReferenceValues(this);
  readonly room: ReferenceRoom;
  /** Whether a move may just have taken it. */
  mayLeave: (id: string) => boolean = () => false;
  enqueued = 0;
  left = 0;
  #arrivals = 0;

  constructor(options: QueueOptions, { history, clock, hot }: ReferenceParts, dead?: ReferenceQueue) {
    this.options = options;
    this.room = new ReferenceRoom(this, hot);
    this.#history = history;
    this.#clock = clock;
    this.dead = dead;
    this.#turn = new ReferenceTurn(this, history);
    this.entrance = new ReferenceEntrance(options, history, clock);
    this.#limitOutflow();
  }

  change(options: QueueOptions): void {
    const before = this.options;
    this.options = options;
    this.entrance.change(options);
    if (before.rateLimit.out !== options.rateLimit.out) this.#limitOutflow();
    if (before.durability === 'memory' && options.durability !== 'memory') this.#writeAll();
  }

  /** A message that it takes comes in. */
  admitted(published: Published, expiresAt: number): void {
    this.entrance.entered(published);
    this.room.makeFor(published);
    const { id, bytes, at } = published;
    const delayMs = this.values.conflates ? 0 : (published.delayMs ?? this.options.delayMs);
    const inOrder = delayMs === 0 && !this.values.conflates;
    this.enqueue({ id, bytes, inOrder, expiresAt, availableAt: delayMs === 0 ? 0 : at + delayMs, since: at });
  }

  enqueue({ id, bytes, expiresAt, inOrder = false, availableAt = 0, since = this.now, isNewest }: Entering): void {
    this.enqueued++;
    this.values.came(id);
    const { transaction } = this.#history;
    if (this.values.isOutdone(id, isNewest ? transaction : undefined)) {
      this.left++;
      return;
    }
    for (const out of this.values.supersededBy(id)) this.#supersede(out);
    const replaced = this.values.replacedBy(id);
    for (const each of replaced) this.#replace(each);
    const place = replaced.at(0)?.place ?? id;
    const order = inOrder ? this.#arrivals++ : undefined;
    const isWritten = this.options.durability !== 'memory';
    const lane = laneOf(id, this.options.priorities);
    const state = { attempts: 0, availableAt, deadline: undefined, row: undefined, isWritten, isSuperseded: false };
    const message: ReferenceMessage = { id, place, bytes, order, expiresAt, transaction, lane, since, ...state };
    assert.ok(!this.messages.has(id), `${id} comes and is in the queue already`);
    this.messages.set(id, message);
    if (availableAt > 0) this.#waiting.add(message);
    this.#history.add(() => this.#forget(message));
  }

  /** A consumer got it. It must have been ready, and its turn. */
  delivered(id: string, attempt: number, now: number, leaseMs = this.options.leaseMs): void {
    this.expireLeases(now);
    const message = this.messages.get(id);
    assert.ok(message !== undefined, `${id} was delivered and is not in the queue`);
    assert.ok(message.availableAt <= now, `${id} was delivered ${message.availableAt - now} ms too early`);
    const isOver = message.order !== undefined && message.expiresAt <= now;
    assert.ok(!isOver, `${id} was delivered ${now - message.expiresAt} ms after its time`);
    assert.equal(attempt, message.attempts + 1, `${id} was delivered with a wrong attempt`);
    assert.ok(!this.options.paused, `${id} was delivered by a paused queue`);
    this.#turn.check(message);
    assert.ok(this.#outflow?.take(now) !== false, `${id} was delivered faster than the rate allows`);
    this.holding.take(message, now + leaseMs);
    assert.ok(this.leased <= this.options.maxInflight, `${this.leased} are leased`);
  }

  acknowledged(id: string): void {
    this.leave(id);
  }

  released(id: string): void {
    const message = this.holding.require(id);
    this.holding.giveBack(message);
    if (message.isSuperseded) this.leave(id);
  }

  failed(id: string, now: number): void {
    const message = this.holding.require(id);
    const { attempts, availableAt } = message;
    this.#history.add(() => Object.assign(message, { attempts, availableAt }));
    this.holding.giveBack(message);
    message.attempts++;
    const { maxDeliveries } = this.options;
    if (maxDeliveries > 0 && message.attempts >= maxDeliveries) this.died(id);
    else if (message.isSuperseded) this.leave(id);
    else this.#wait(message, now + backoffMs(this.options.backoff, message.attempts, () => 0.5));
  }

  died(id: string): void {
    const expiresAt = this.messages.get(id)?.expiresAt ?? Number.POSITIVE_INFINITY;
    this.leave(id);
    this.dead?.enqueue({ id, expiresAt });
  }

  /** Its row is on its way to the disk, with so many bytes. */
  written(id: string, row: string, bytes: number): void {
    const message = this.messages.get(id);
    if (message === undefined) return;
    if (message.bytes !== undefined) assert.equal(bytes, message.bytes, `${id} has another size`);
    message.bytes = bytes;
    message.row = row;
  }

  /** The message of that row, where it is still there. */
  idOf(row: string): string | undefined {
    for (const message of this.messages.values()) if (message.row === row) return message.id;
    return undefined;
  }

  /** After a crash or a restart nobody holds anything. */
  reopened(): void {
    for (const message of this.messages.values()) if (!message.isWritten) this.#forget(message);
    this.entrance.reopened();
    this.#limitOutflow();
    this.room.forgetDrops();
    this.doubtsEnd();
    this.holding.end();
    this.#waiting.clear();
    for (const message of this.messages.values()) if (message.availableAt > 0) this.#waiting.add(message);
  }

  /** Answers whose leases are over. */
  expireLeases(now: number): readonly string[] {
    const over = this.holding.over(now);
    for (const { id, deadline } of over) this.failed(id, deadline);
    return over.map(({ id }) => id);
  }

  isHeld(id: string): boolean {
    return this.messages.get(id)?.deadline !== undefined;
  }

  /** Of all records, where they are all known. */
  get bytes(): number | undefined {
    return this.room.hasUnknownSizes ? undefined : bytesOf(this.messages.values());
  }

  get leased(): number {
    return this.holding.size;
  }

  scheduled(now: number): number {
    let count = 0;
    for (const message of this.#waiting) {
      if (message.availableAt <= now) this.#waiting.delete(message);
      else if (message.deadline === undefined) count++;
    }
    return count;
  }

  ready(now: number): number {
    return this.messages.size - this.leased - this.scheduled(now);
  }

  /** Whether some message may go now, as far as the reference can tell. */
  hasDeliverable(now: number): boolean {
    if (this.#outflow?.has(now) === false) return false;
    return this.#turn.isAnybodys;
  }

  /** Whether there may be more room than it knows of. */
  get mayHaveMoreRoom(): boolean {
    return [...this.messages.values()].some((each) => each.deadline === undefined && this.mayHaveLeft(each));
  }

  /** Whether some message may go at any moment, because its time is over or a newer one is there. */
  hasOverdue(now: number): boolean {
    for (const { expiresAt, isSuperseded } of this.messages.values()) if (expiresAt <= now || isSuperseded) return true;
    return false;
  }

  /** In this turn, so that nobody has told it yet. */
  mayHaveLeft({ id, expiresAt, deadline, isSuperseded }: ReferenceMessage): boolean {
    if (isSuperseded && deadline === undefined) return true;
    return expiresAt <= this.now || this.mayLeave(id) || this.room.mayHaveDropped(id);
  }

  get now(): number {
    return this.#clock();
  }

  #limitOutflow(): void {
    const { out } = this.options.rateLimit;
    this.#outflow = out === 0 ? undefined : new ReferenceRate(out, this.now);
  }

  #writeAll(): void {
    for (const message of this.messages.values()) {
      if (message.isWritten) continue;
      message.isWritten = true;
      this.#history.add(() => {
        message.isWritten = false;
      });
    }
  }

  readyUpTo(lane: number): ReferenceMessage[] {
    const now = this.now;
    const all = [...this.messages.values()];
    return all.filter((each) => each.deadline === undefined && each.availableAt <= now && each.lane <= lane);
  }

  #wait(message: ReferenceMessage, until: number): void {
    message.availableAt = until;
    this.#waiting.add(message);
  }

  leave(id: string): void {
    const message = this.messages.get(id);
    assert.ok(message !== undefined, `${id} leaves and is not in the queue`);
    this.#forget(message);
    this.left++;
    this.#history.add(() => this.messages.set(id, message));
  }

  /** It went by a move or died: in a turn that is over, or in this one. Undefined where it cannot have. */
  goneElsewhere(id: string): Pick<ReferenceMessage, 'expiresAt'> | undefined {
    const message = this.messages.get(id);
    if (message === undefined) return this.#inDoubt.get(id);
    if (message.deadline !== undefined) return undefined;
    this.leave(id);
    return message;
  }

  /** The first one in whose place it may stand. */
  placeOf(id: string): string {
    return (this.messages.get(id) ?? this.#inDoubt.get(id))?.place ?? id;
  }

  /** Whether its time is over. */
  isOver(id: string): boolean {
    const message = this.messages.get(id) ?? this.#inDoubt.get(id);
    return message !== undefined && message.expiresAt <= this.now;
  }

  /** Whether it can go without a trace at any moment in which nobody holds it. */
  mayBeDropped(id: string): boolean {
    return this.options.expired === 'drop' && this.isOver(id);
  }

  /** What somebody held is not given back where a newer value has come. */
  supersededLeave(): void {
    for (const { id, isSuperseded } of [...this.holding.all])
      if (isSuperseded) this.#history.durably(() => this.leave(id));
  }

  /** All that happened up to now has been told. */
  doubtsEnd(): void {
    this.#inDoubt.clear();
  }

  #supersede(message: ReferenceMessage): void {
    message.isSuperseded = true;
    this.#history.add(() => {
      message.isSuperseded = false;
    });
  }

  /** The newer one may have come when it was gone already. */
  #replace(message: ReferenceMessage): void {
    if (this.mayHaveLeft(message)) this.#inDoubt.set(message.id, message);
    this.leave(message.id);
  }

  #forget(message: ReferenceMessage): void {
    this.messages.delete(message.id);
    this.holding.forget(message);
    this.#waiting.delete(message);
  }
}
