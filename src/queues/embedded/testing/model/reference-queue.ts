import assert from 'node:assert/strict';
import type { QueueOptions } from '../../../options.ts';
import { backoffMs } from '../../backoff.ts';
import type { History } from './history.ts';

/** A message of the reference: what must be true of it, and nothing about how. */
export interface ReferenceMessage {
  readonly id: string;
  /** Place in the order of arrival; undefined for one that moved or died here. */
  readonly order: number | undefined;
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

  enqueue(id: string, ordered: boolean): void {
    this.enqueued++;
    const order = ordered ? this.#arrivals++ : undefined;
    const message: ReferenceMessage = { id, order, attempts: 0, availableAt: 0, deadline: undefined };
    assert.ok(!this.messages.has(id), `${id} comes and is in the queue already`);
    this.messages.set(id, message);
    if (ordered) this.#line.push(message);
    this.#history.add(() => this.#forget(message));
  }

  /** A consumer got it. It must have been ready, and its turn. */
  delivered(id: string, attempt: number, now: number, leaseMs = this.options.leaseMs): void {
    this.expireLeases(now);
    const message = this.messages.get(id);
    assert.ok(message !== undefined, `${id} was delivered and is not in the queue`);
    assert.equal(message.deadline, undefined, `${id} was delivered while somebody holds it`);
    assert.ok(message.availableAt <= now, `${id} was delivered ${message.availableAt - now} ms too early`);
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
    this.#leave(id);
    this.dead?.enqueue(id, false);
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
    if (this.ready(now) === 0) return false;
    if (this.options.ordering === 'none') return true;
    // What moved here has no order, so it cannot be told whose turn it is.
    const all = [...this.messages.values()];
    if (all.some(({ order }) => order === undefined)) return false;
    return all.some(
      (each) => each.deadline === undefined && each.availableAt <= now && this.#blockersOf(each).length === 0,
    );
  }

  #checkTurn(message: ReferenceMessage): void {
    const { ordering } = this.options;
    if (ordering !== 'none') {
      const blocker = this.#blockersOf(message).find(({ id }) => !this.mayLeave(id));
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
    return this.#line.find((each) => isUntried(each) && this.messages.get(each.id) === each && !this.mayLeave(each.id));
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
