import assert from 'node:assert/strict';
import type { QueueOptions } from '../../../options.ts';
import { backoffMs } from '../../backoff.ts';
import type { History } from './history.ts';

/** A message of the reference: what must be true of it, and nothing about how. */
export interface ReferenceMessage {
  readonly id: string;
  /** Place in the order of arrival; undefined for one that moved or died here. */
  readonly order: number | undefined;
  /** When its time is over; then it may go at any moment in which nobody holds it. */
  readonly expiresAt: number;
  /** In which it came, so that its row is written then. */
  readonly transaction: number;
  attempts: number;
  availableAt: number;
  /** End of its lease, while somebody holds it. */
  deadline: number | undefined;
}

/** Every message is one of these, so that its id says all of it. */
export function keyOf(id: string): string | undefined {
  const kind = Number(id.slice(1)) % 7;
  return kind < 5 ? `k${kind}` : undefined;
}

/** For tests: a queue as simple as can be, which the engine must agree with after every step. Its back-off has no jitter. */
export class ReferenceQueue {
  readonly messages = new Map<string, ReferenceMessage>();
  readonly dead: ReferenceQueue | undefined;
  readonly #history: History;
  /** Those that have an order, in that order, without such as left at the front. */
  #line: ReferenceMessage[] = [];
  readonly #held = new Set<ReferenceMessage>();
  /** All whose time is to come, and some whose time has come. */
  readonly #waiting = new Set<ReferenceMessage>();
  #now = 0;
  options: QueueOptions;
  /** Whether a move may just have taken it. */
  mayLeave: (id: string) => boolean = () => false;
  enqueued = 0;
  left = 0;
  #arrivals = 0;

  constructor(options: QueueOptions, history: History, dead?: ReferenceQueue) {
    this.options = options;
    this.#history = history;
    this.dead = dead;
  }

  get hasRoom(): boolean {
    const { messages } = this.options.limits;
    return messages === 0 || this.messages.size < messages;
  }

  /** `inOrder`: behind all that came before, and not what died, moved or waits for a time of its own. */
  enqueue(id: string, inOrder: boolean, expiresAt: number, availableAt = 0): void {
    this.enqueued++;
    const order = inOrder ? this.#arrivals++ : undefined;
    const { transaction } = this.#history;
    const state = { attempts: 0, availableAt, deadline: undefined };
    const message: ReferenceMessage = { id, order, expiresAt, transaction, ...state };
    assert.ok(!this.messages.has(id), `${id} comes and is in the queue already`);
    this.messages.set(id, message);
    if (inOrder) this.#line.push(message);
    if (availableAt > 0) this.#waiting.add(message);
    this.#history.add(() => this.#forget(message));
  }

  /** A consumer got it. It must have been ready, and its turn. */
  delivered(id: string, attempt: number, now: number, leaseMs = this.options.leaseMs): void {
    this.expireLeases(now);
    this.#now = now;
    const message = this.messages.get(id);
    assert.ok(message !== undefined, `${id} was delivered and is not in the queue`);
    assert.equal(message.deadline, undefined, `${id} was delivered while somebody holds it`);
    assert.ok(message.availableAt <= now, `${id} was delivered ${message.availableAt - now} ms too early`);
    const isOver = message.order !== undefined && message.expiresAt <= now;
    assert.ok(!isOver, `${id} was delivered ${now - message.expiresAt} ms after its time`);
    assert.equal(attempt, message.attempts + 1, `${id} was delivered with a wrong attempt`);
    assert.ok(!this.options.paused, `${id} was delivered by a paused queue`);
    this.#checkTurn(message);
    message.deadline = now + leaseMs;
    this.#held.add(message);
    assert.ok(this.leased <= this.options.maxInflight, `${this.leased} are leased`);
  }

  acknowledged(id: string): void {
    this.#leave(id);
  }

  released(id: string): void {
    this.#drop(this.#heldOne(id));
  }

  failed(id: string, now: number): void {
    const message = this.#heldOne(id);
    const { attempts, availableAt } = message;
    this.#history.add(() => Object.assign(message, { attempts, availableAt }));
    this.#drop(message);
    message.attempts++;
    if (message.attempts >= this.options.maxDeliveries) this.died(id);
    else this.#wait(message, now + backoffMs(this.options.backoff, message.attempts, () => 0.5));
  }

  died(id: string): void {
    const expiresAt = this.messages.get(id)?.expiresAt ?? Number.POSITIVE_INFINITY;
    this.#leave(id);
    this.dead?.enqueue(id, false, expiresAt);
  }

  removed(id: string): void {
    this.#leave(id);
  }

  /** After a crash or a restart nobody holds anything. */
  reopened(): void {
    for (const message of this.messages.values()) message.deadline = undefined;
    this.#held.clear();
    this.#waiting.clear();
    for (const message of this.messages.values()) if (message.availableAt > 0) this.#waiting.add(message);
    const ordered = [...this.messages.values()].filter(({ order }) => order !== undefined);
    this.#line = ordered.sort((a, b) => Number(a.order) - Number(b.order));
  }

  /** Answers whose leases are over. */
  expireLeases(now: number): readonly string[] {
    const over = [...this.#held].filter(({ deadline = Number.POSITIVE_INFINITY }) => deadline <= now);
    over.sort((a, b) => (a.deadline ?? 0) - (b.deadline ?? 0));
    for (const { id, deadline } of over) this.failed(id, deadline ?? now);
    return over.map(({ id }) => id);
  }

  isHeld(id: string): boolean {
    return this.messages.get(id)?.deadline !== undefined;
  }

  get leased(): number {
    return this.#held.size;
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
    this.#now = now;
    if (this.options.ordering === 'none') return [...this.messages.values()].some((each) => this.#canGo(each));
    // What moved here has no order, so it cannot be told whose turn it is.
    const all = [...this.messages.values()];
    if (all.some(({ order }) => order === undefined)) return false;
    return all.some((each) => this.#canGo(each) && this.#blockersOf(each).length === 0);
  }

  /** Whether some message may go at any moment, because its time is over. */
  hasOverdue(now: number): boolean {
    for (const { expiresAt } of this.messages.values()) if (expiresAt <= now) return true;
    return false;
  }

  #canGo({ deadline, availableAt, expiresAt }: ReferenceMessage): boolean {
    return deadline === undefined && availableAt <= this.#now && expiresAt > this.#now;
  }

  /** In this turn, so that nobody has told it yet. */
  #mayHaveLeft({ id, expiresAt }: ReferenceMessage): boolean {
    return expiresAt <= this.#now || this.mayLeave(id);
  }

  #checkTurn(message: ReferenceMessage): void {
    const { ordering } = this.options;
    if (ordering !== 'none') {
      const blocker = this.#blockersOf(message).find((each) => !this.#mayHaveLeft(each));
      assert.equal(blocker, undefined, `${message.id} was delivered, and ${blocker?.id} of its key goes before it`);
    } else if (message.order !== undefined && message.attempts === 0) {
      const first = this.#firstUntried();
      const isFirst = first === undefined || Number(first.order) >= message.order;
      assert.ok(isFirst, `${message.id} was delivered before ${first?.id}, which arrived earlier`);
    }
  }

  /** Those of its key that somebody holds, or that came before it. */
  #blockersOf(message: ReferenceMessage): ReferenceMessage[] {
    const key = this.#orderingKeyOf(message);
    if (key === undefined) return [];
    return [...this.messages.values()].filter((other) => {
      if (other === message || this.#orderingKeyOf(other) !== key) return false;
      if (other.deadline !== undefined) return true;
      return other.order !== undefined && message.order !== undefined && other.order < message.order;
    });
  }

  #orderingKeyOf({ id }: ReferenceMessage): string | undefined {
    return this.options.ordering === 'total' ? 'all' : keyOf(id);
  }

  #firstUntried(): ReferenceMessage | undefined {
    while (this.#line.length > 0 && this.messages.get(this.#line[0].id) !== this.#line[0]) this.#line.shift();
    return this.#line.find(
      (each) => isUntried(each) && this.messages.get(each.id) === each && !this.#mayHaveLeft(each),
    );
  }

  #wait(message: ReferenceMessage, until: number): void {
    message.availableAt = until;
    this.#waiting.add(message);
  }

  #heldOne(id: string): ReferenceMessage {
    const message = this.messages.get(id);
    assert.ok(message?.deadline !== undefined, `${id} is settled and nobody holds it`);
    return message;
  }

  #drop(message: ReferenceMessage): void {
    message.deadline = undefined;
    this.#held.delete(message);
  }

  #leave(id: string): void {
    const message = this.messages.get(id);
    assert.ok(message !== undefined, `${id} leaves and is not in the queue`);
    this.#forget(message);
    this.left++;
    this.#history.add(() => this.messages.set(id, message));
  }

  #forget(message: ReferenceMessage): void {
    this.messages.delete(message.id);
    this.#held.delete(message);
    this.#waiting.delete(message);
  }
}

function isUntried({ attempts, deadline }: ReferenceMessage): boolean {
  return attempts === 0 && deadline === undefined;
}
