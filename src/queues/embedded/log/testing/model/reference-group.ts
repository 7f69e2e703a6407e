import assert from 'node:assert/strict';
import type { QueueOptions } from '../../../../options.ts';
import { backoffMs } from '../../../backoff.ts';
import type { History } from '../../../testing/model/history.ts';
import { keyOf } from '../../../testing/model/published.ts';
import type { StoredGroup } from '../../group-row.ts';
import type { LogEntry } from './log-entry.ts';

/** A message that a group has not settled. */
export interface OpenMessage {
  readonly entry: LogEntry;
  attempts: number;
  availableAt: number;
  /** End of its lease, while somebody holds it. */
  deadline: number | undefined;
}

/** The log that it reads. */
interface ReadLog {
  readonly options: QueueOptions;
  readonly present: ReadonlyMap<number, LogEntry>;
  readonly entries: ReadonlyMap<number, LogEntry>;
  readonly next: number;
}

export interface GroupParts {
  readonly log: ReadLog;
  readonly history: History;
  readonly now: () => number;
}

/** For tests: what one group of a log has still to settle, and what it may get. Its back-off has no jitter. */
export class ReferenceGroup {
  readonly name: string;
  readonly #parts: GroupParts;
  #open = new Map<number, OpenMessage>();
  /** Went before, and must turn out to have left the log or to have gone to somebody else in the same turn. */
  readonly #passed = new Map<number, { readonly by: number; readonly mayBeOut: boolean }>();
  /** Keys of which leases have run out in this turn, in an order that nobody knows: those behind them may come late. */
  readonly #freed = new Set<string | undefined>();
  /** In which transaction its first consumer came, and it was moved last; it has none without a consumer. */
  #attendedIn: number | undefined;
  #restartedIn: number;
  /** Since the engine was started, or the group made. */
  acknowledgedCount = 0;
  failedCount = 0;
  diedCount = 0;

  constructor(name: string, parts: GroupParts) {
    this.name = name;
    this.#parts = parts;
    this.#restartedIn = parts.history.transaction;
  }

  get messages(): Iterable<OpenMessage> {
    return this.#open.values();
  }

  get leased(): number {
    return [...this.#open.values()].filter(({ deadline }) => deadline !== undefined).length;
  }

  /** How many are open, and how many it may have come past without anybody's doing. */
  get lag(): { certain: number; doubtful: number } {
    const doubtful = [...this.#open.values()].filter(({ entry }) => this.#isDoubtful(entry)).length;
    return { certain: this.#open.size - doubtful, doubtful };
  }

  attended(isAttended: boolean): void {
    if (isAttended) this.#attendedIn ??= this.#parts.history.transaction;
    else this.#attendedIn = undefined;
  }

  /** Whether it had a consumer and the message was to be settled when the transaction before began. */
  keeps({ sequence }: LogEntry): boolean {
    const { transaction } = this.#parts.history;
    const isOfBefore = this.#attendedIn !== undefined && this.#attendedIn < transaction;
    return isOfBefore && this.#restartedIn < transaction && this.#open.has(sequence);
  }

  open(entry: LogEntry): void {
    this.#open.set(entry.sequence, { entry, attempts: 0, availableAt: 0, deadline: undefined });
  }

  unopen(sequence: number): void {
    this.#open.delete(sequence);
  }

  /** It begins anew with these. Of what has left the log nobody knows whether it counts. */
  restart(isMeant: (entry: LogEntry) => boolean): void {
    const [before, restartedIn] = [this.#open, this.#restartedIn];
    this.#open = new Map();
    this.#passed.clear();
    this.#restartedIn = this.#parts.history.transaction;
    const all = [...this.#parts.log.entries.values()];
    const floor = all.findLast((entry) => entry.goneIn === undefined && !isMeant(entry))?.sequence ?? 0;
    for (const entry of all) if (isMeant(entry) || entry.sequence > floor) this.open(entry);
    this.#parts.history.add(() => {
      this.#open = before;
      this.#restartedIn = restartedIn;
    });
  }

  /** What was taken back stands behind the others until then. */
  reopened(): void {
    this.#open = new Map([...this.#open].sort(([one], [other]) => one - other));
    for (const message of this.#open.values()) message.deadline = undefined;
    this.#passed.clear();
    this.#attendedIn = undefined;
    this.acknowledgedCount = 0;
    this.failedCount = 0;
    this.diedCount = 0;
  }

  /** A consumer got it. `quietSince`: what was due then has had its turn. */
  delivered(sequence: number, attempt: number, quietSince: number, leaseMs = this.#parts.log.options.leaseMs): void {
    const { log, history } = this.#parts;
    const now = this.#parts.now();
    this.expireLeases();
    const message = this.#open.get(sequence);
    assert.ok(message !== undefined, `${sequence} was delivered, and ${this.name} has settled it`);
    const { entry } = message;
    assert.ok(history.isDurable(entry.transaction), `${sequence} was delivered, and a power cut would lose it`);
    const isGone = entry.goneIn !== undefined && history.isDurable(entry.goneIn);
    assert.ok(!isGone, `${sequence} was delivered, and is not in the log any more`);
    assert.equal(message.deadline, undefined, `${sequence} was delivered while somebody of ${this.name} holds it`);
    assert.ok(message.availableAt <= now, `${sequence} was delivered ${message.availableAt - now} ms too early`);
    assert.ok(entry.expiresAt > now, `${sequence} was delivered ${now - entry.expiresAt} ms after its time`);
    assert.equal(attempt, message.attempts + 1, `${sequence} was delivered with a wrong attempt`);
    assert.ok(!log.options.paused, `${sequence} was delivered by a log that is paused`);
    this.#checkTurn(message, quietSince);
    message.deadline = now + leaseMs;
    assert.ok(this.leased <= log.options.maxInflight, `${this.leased} are leased to ${this.name}`);
  }

  acknowledged(sequence: number): void {
    this.#heldOne(sequence);
    this.acknowledgedCount++;
    this.#settle(sequence);
  }

  released(sequence: number): void {
    this.#heldOne(sequence).deadline = undefined;
  }

  /** Answers whether that was its last try. */
  failed(sequence: number, now: number): boolean {
    const message = this.#heldOne(sequence);
    const { attempts, availableAt } = message;
    this.failedCount++;
    message.deadline = undefined;
    message.attempts++;
    this.#parts.history.add(() => Object.assign(message, { attempts, availableAt }));
    const { maxDeliveries, backoff } = this.#parts.log.options;
    if (maxDeliveries === 0 || message.attempts < maxDeliveries) {
      message.availableAt = now + backoffMs(backoff, message.attempts, () => 0.5);
      return false;
    }
    this.diedCount++;
    this.#settle(sequence);
    return true;
  }

  rejected(sequence: number): void {
    this.#heldOne(sequence);
    this.diedCount++;
    this.#settle(sequence);
  }

  /** Answers whose leases are over. */
  expireLeases(): readonly number[] {
    const now = this.#parts.now();
    const over = [...this.#open.values()].filter(({ deadline = Number.POSITIVE_INFINITY }) => deadline <= now);
    over.sort((one, other) => Number(one.deadline) - Number(other.deadline));
    for (const { entry, deadline } of over) {
      this.#freed.add(this.#keyOf(entry));
      this.failed(entry.sequence, deadline ?? now);
    }
    return over.map(({ entry }) => entry.sequence);
  }

  /** Its row is on its way to the disk: it says of each message whether it is settled. */
  written({ settled }: StoredGroup): void {
    const { log, history } = this.#parts;
    assert.ok(settled.position <= log.next, `${this.name} is at ${settled.position}, which is beyond the log`);
    for (const [sequence, message] of this.#open) {
      if (!settled.has(sequence)) continue;
      assert.ok(this.#isDoubtful(message.entry), `the row of ${this.name} has ${sequence} settled, and it is not`);
      this.#open.delete(sequence);
      history.add(() => this.#open.set(sequence, message));
    }
    for (const sequence of log.present.keys()) {
      const isKnown = settled.has(sequence) || this.#open.has(sequence);
      assert.ok(isKnown, `the row of ${this.name} has ${sequence} open, and it is settled`);
    }
  }

  /** The row of the failures of a message is written with so many, or removed. */
  failuresWritten(sequence: number, attempts: number): void {
    const message = this.#open.get(sequence);
    if (message !== undefined && this.#isDoubtful(message.entry)) return;
    const expected = message?.attempts ?? 0;
    assert.equal(attempts, expected, `the row of ${this.name} has ${attempts} failures of ${sequence}`);
  }

  /** A transaction begins: nothing is decided that it does not have. */
  batchBegins(): void {
    for (const [sequence, { by, mayBeOut }] of this.#passed) {
      const message = this.#open.get(sequence);
      const isOver =
        message === undefined || this.#isDoubtful(message.entry) || (mayBeOut && message.deadline !== undefined);
      assert.ok(isOver, `${by} was delivered to ${this.name} before ${sequence}, whose turn it was`);
    }
    this.#passed.clear();
    this.#freed.clear();
  }

  /** Whether something can certainly go now. */
  get hasDeliverable(): boolean {
    const now = this.#parts.now();
    const busy = new Set<string>();
    for (const { entry, deadline, availableAt } of this.#open.values()) {
      const key = this.#keyOf(entry);
      const isBehind = key !== undefined && busy.has(key);
      if (key !== undefined) busy.add(key);
      if (isBehind || deadline !== undefined || availableAt > now || this.#isDoubtful(entry)) continue;
      if (this.#parts.history.isDurable(entry.transaction)) return true;
    }
    return false;
  }

  /** Whatever can go goes in the order of the log, and of a key one at a time. */
  #checkTurn({ entry }: OpenMessage, quietSince: number): void {
    const key = this.#keyOf(entry);
    const busy = new Set<string>();
    for (const other of this.#open.values()) {
      const otherKey = this.#keyOf(other.entry);
      if (other.entry === entry) continue;
      const isSameKey = key !== undefined && otherKey === key;
      const isOut = other.deadline !== undefined;
      const both = `${entry.sequence} and ${other.entry.sequence}`;
      assert.ok(!isSameKey || !isOut, `${both} have one key, and are out together in ${this.name}`);
      if (other.entry.sequence > entry.sequence) continue;
      const isBehind = otherKey !== undefined && busy.has(otherKey);
      if (otherKey !== undefined) busy.add(otherKey);
      const isFreed = otherKey !== undefined && this.#freed.has(otherKey);
      const canGo = !isBehind && !isFreed && !isOut && other.availableAt <= quietSince;
      if (!isSameKey && !canGo) continue;
      if (this.#parts.history.isDurable(other.entry.transaction))
        this.#passed.set(other.entry.sequence, { by: entry.sequence, mayBeOut: !isSameKey });
    }
  }

  #keyOf({ id }: LogEntry): string | undefined {
    const { ordering } = this.#parts.log.options;
    if (ordering === 'none') return undefined;
    return ordering === 'total' ? 'all' : keyOf(id);
  }

  /** Whether the group may come past it without anybody's doing: it left the log, or its time is over. */
  #isDoubtful({ goneIn, expiresAt }: LogEntry): boolean {
    return goneIn !== undefined || expiresAt <= this.#parts.now();
  }

  #heldOne(sequence: number): OpenMessage {
    const message = this.#open.get(sequence);
    assert.ok(message?.deadline !== undefined, `${sequence} is settled, and nobody of ${this.name} holds it`);
    return message;
  }

  #settle(sequence: number): void {
    const message = this.#open.get(sequence);
    assert.ok(message !== undefined);
    this.#open.delete(sequence);
    this.#parts.history.add(() => this.#open.set(sequence, message));
  }
}
