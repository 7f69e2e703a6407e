import assert from 'node:assert/strict';
import type { QueueOptions } from '../../../options.ts';
import { backoffMs } from '../../backoff.ts';

/** A message of the reference: what must be true of it, and nothing about how. */
export interface ReferenceMessage {
  readonly id: string;
  /** Place in the order of arrival; undefined for one that came back from the dead letters. */
  readonly order: number | undefined;
  attempts: number;
  availableAt: number;
  /** End of its lease, while somebody holds it. */
  deadline: number | undefined;
}

/** For tests: a queue as simple as can be, which the engine must agree with after every step. Its back-off has no jitter. */
export class ReferenceQueue {
  readonly messages = new Map<string, ReferenceMessage>();
  readonly dead: ReferenceQueue | undefined;
  options: Pick<QueueOptions, 'maxDeliveries' | 'backoff' | 'leaseMs' | 'maxInflight' | 'paused'>;
  enqueued = 0;
  left = 0;
  #arrivals = 0;

  constructor(options: ReferenceQueue['options'], dead?: ReferenceQueue) {
    this.options = options;
    this.dead = dead;
  }

  enqueue(id: string, ordered: boolean): void {
    this.enqueued++;
    const order = ordered ? this.#arrivals++ : undefined;
    this.messages.set(id, { id, order, attempts: 0, availableAt: 0, deadline: undefined });
  }

  /** A consumer got it. It must have been ready, and the first of those that were never tried. */
  delivered(id: string, attempt: number, now: number, leaseMs = this.options.leaseMs): void {
    this.expireLeases(now);
    const message = this.messages.get(id);
    assert.ok(message !== undefined, `${id} was delivered and is not in the queue`);
    assert.equal(message.deadline, undefined, `${id} was delivered while somebody holds it`);
    assert.ok(message.availableAt <= now, `${id} was delivered ${message.availableAt - now} ms too early`);
    assert.equal(attempt, message.attempts + 1, `${id} was delivered with a wrong attempt`);
    assert.ok(!this.options.paused, `${id} was delivered by a paused queue`);
    if (attempt === 1 && message.order !== undefined) this.#checkOrder(message, message.order);
    message.deadline = now + leaseMs;
    assert.ok(this.leased <= this.options.maxInflight, `${this.leased} are leased`);
  }

  acknowledged(id: string): void {
    this.#leave(id);
  }

  released(id: string): void {
    this.#held(id).deadline = undefined;
  }

  failed(id: string, now: number): void {
    const message = this.#held(id);
    message.deadline = undefined;
    message.attempts++;
    if (message.attempts >= this.options.maxDeliveries) this.died(id);
    else message.availableAt = now + backoffMs(this.options.backoff, message.attempts, () => 0.5);
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
  }

  expireLeases(now: number): void {
    const over = [...this.messages.values()].filter(({ deadline }) => deadline !== undefined && deadline <= now);
    over.sort((a, b) => (a.deadline ?? 0) - (b.deadline ?? 0));
    for (const { id, deadline } of over) this.failed(id, deadline ?? now);
  }

  isHeld(id: string): boolean {
    return this.messages.get(id)?.deadline !== undefined;
  }

  get leased(): number {
    return this.#count(({ deadline }) => deadline !== undefined);
  }

  scheduled(now: number): number {
    return this.#count(({ deadline, availableAt }) => deadline === undefined && availableAt > now);
  }

  ready(now: number): number {
    return this.messages.size - this.leased - this.scheduled(now);
  }

  #checkOrder(message: ReferenceMessage, order: number): void {
    for (const other of this.messages.values()) {
      const earlier = other.order !== undefined && other.order < order;
      if (earlier && other.attempts === 0 && other.deadline === undefined) {
        assert.fail(`${message.id} was delivered before ${other.id}, which arrived earlier`);
      }
    }
  }

  #held(id: string): ReferenceMessage {
    const message = this.messages.get(id);
    assert.ok(message?.deadline !== undefined, `${id} is settled and nobody holds it`);
    return message;
  }

  #leave(id: string): void {
    assert.ok(this.messages.delete(id), `${id} leaves and is not in the queue`);
    this.left++;
  }

  #count(match: (message: ReferenceMessage) => boolean): number {
    let count = 0;
    for (const message of this.messages.values()) if (match(message)) count++;
    return count;
  }
}
