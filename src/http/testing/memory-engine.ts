import { SluiceError } from '../../errors.ts';
import type { Consumption, Death, Destination, Message, Settlement } from '../../message.ts';
import type { DeadLetterGroups } from '../../queues/causes/dead-letter-groups.ts';
import type {
  BrowsePage,
  BrowseRequest,
  ConsumerInfo,
  Engine,
  GroupInfo,
  LeasedMessage,
  LeaseRequest,
  QueueInfo,
  SettleResult,
  StoredMessage,
} from '../../queues/engine.ts';
import { compileEdit } from '../../queues/move-edit.ts';
import { compileFilter } from '../../queues/move-filter.ts';
import type { MovePreview, MoveSample, MoveSpec, MoveStatus } from '../../queues/move-spec.ts';
import type { GivenQueueOptions } from '../../queues/options.ts';
import type { QueueStats } from '../../queues/queue-stats.ts';
import { resolveOptions } from '../../queues/resolve-options.ts';
import { countDeadLetters } from '../../queues/testing/count-dead-letters.ts';
import { emptyReading } from '../../std/histogram.ts';

interface MemoryQueue {
  info: QueueInfo;
  next: number;
  readonly messages: Map<number, StoredMessage & { token?: string; leaseUntil?: number }>;
  readonly waiters: Set<() => void>;
  acknowledged: number;
}

/** Just enough of an engine for the API to be tried against: no deadlines, no durability. */
export class MemoryEngine implements Engine {
  readonly capabilities = new Set<never>();
  readonly now = 1_700_000_000_000;
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #moves = new Map<string, MoveStatus>();
  #tokens = 0;
  /** Refuses every message with this, as a full disk would. */
  failure: SluiceError | undefined;
  /** Called when a lease begins to wait. */
  onWaiting: () => void = () => undefined;

  async start(): Promise<void> {
    this.#queues.clear();
  }

  async quiesce(): Promise<number> {
    return 0;
  }

  async stop(): Promise<void> {
    this.#queues.clear();
  }

  async declare(name: string, options: GivenQueueOptions): Promise<QueueInfo> {
    const existing = this.#queues.get(name);
    const resolved = resolveOptions(name, options, existing?.info.options);
    const info = { name, options: resolved, createdAt: existing?.info.createdAt ?? this.now };
    if (existing === undefined) {
      this.#queues.set(name, { info, next: 1, messages: new Map(), waiters: new Set(), acknowledged: 0 });
    } else existing.info = info;
    return info;
  }

  async remove(name: string): Promise<void> {
    this.#queue(name);
    this.#queues.delete(name);
  }

  async list(): Promise<readonly QueueInfo[]> {
    return [...this.#queues.values()].map(({ info }) => info);
  }

  async info(name: string): Promise<QueueInfo> {
    return this.#queue(name).info;
  }

  route(): Destination | undefined {
    return undefined;
  }

  destination(name: string): Destination {
    return {
      admit: (message, waiter, tag) => {
        if (this.failure === undefined) this.put(name, message);
        const failure = this.failure;
        queueMicrotask(() => waiter.receipt(tag, failure));
        return true;
      },
    };
  }

  onRoutesChanged(): void {
    // Routes never change here: there are none.
  }

  async consume(): Promise<Consumption> {
    throw new SluiceError('unavailable', 'Nobody consumes from the memory engine');
  }

  async lease(name: string, request: LeaseRequest): Promise<readonly LeasedMessage[]> {
    const queue = this.#queue(name);
    const leased = this.#take(queue, request);
    if (leased.length > 0 || request.waitMs === 0) return leased;
    await new Promise<void>((resolve) => {
      queue.waiters.add(resolve);
      this.onWaiting();
    });
    return this.#take(queue, request);
  }

  /** Lets every waiting lease time out. */
  expireWaits(name: string): void {
    const { waiters } = this.#queue(name);
    for (const waiter of waiters) waiter();
    waiters.clear();
  }

  async settle(name: string, tokens: readonly string[], settlement: Settlement): Promise<readonly SettleResult[]> {
    const queue = this.#queue(name);
    return tokens.map((token) => {
      const stored = [...queue.messages.values()].find((each) => each.token === token);
      if (stored === undefined) return { token, ok: false, code: 'lease_lost' };
      if (settlement.kind === 'acknowledged') {
        queue.messages.delete(stored.sequence);
        queue.acknowledged++;
      } else if (settlement.kind === 'rejected') {
        queue.messages.delete(stored.sequence);
        void this.bury(name, stored.message, { ...settlement, headers: settlement.headers ?? [] });
      } else {
        const attempts = stored.attempts + (settlement.kind === 'failed' ? 1 : 0);
        const lastError = settlement.kind === 'failed' ? settlement.reason : stored.lastError;
        queue.messages.set(stored.sequence, { ...stored, attempts, lastError, state: 'ready', token: undefined });
      }
      return { token, ok: true };
    });
  }

  async extend(name: string, tokens: readonly string[], leaseMs?: number): Promise<readonly SettleResult[]> {
    const { info, messages } = this.#queue(name);
    const stored = [...messages.values()];
    return tokens.map((token) => {
      const found = stored.find((each) => each.token === token);
      if (found === undefined) return { token, ok: false, code: 'lease_lost' };
      found.leaseUntil = this.now + (leaseMs ?? info.options.leaseMs);
      return { token, ok: true };
    });
  }

  async leave(): Promise<void> {
    throw notHere();
  }

  async consumers(): Promise<readonly ConsumerInfo[]> {
    throw notHere();
  }

  async browse(name: string, { from, limit, match }: BrowseRequest): Promise<BrowsePage> {
    const all = [...this.#queue(name).messages.values()].filter((stored) => stored.sequence >= from);
    const matching = match === undefined ? all : all.filter((stored) => match(stored, { isInOther: () => false }));
    return { messages: matching.slice(0, limit), next: matching[limit]?.sequence };
  }

  async purge(name: string): Promise<number> {
    const { messages } = this.#queue(name);
    const free = [...messages.values()].filter((stored) => stored.state !== 'leased');
    for (const { sequence } of free) messages.delete(sequence);
    return free.length;
  }

  async previewMove({ from, to, filter = {}, edit = {}, limit }: MoveSpec): Promise<MovePreview> {
    this.#queue(from);
    const match = compileFilter(filter, this.now);
    const { messages } = await this.browse(from, { from: 0, limit: limit ?? Number.MAX_SAFE_INTEGER, match });
    const skipped: { sequence: number; reason: string }[] = [];
    const samples: MoveSample[] = [];
    const edited = compileEdit(edit);
    for (const { sequence, message, death } of messages) {
      const target = to ?? death?.queue;
      if (target === undefined) skipped.push({ sequence, reason: 'It names no queue to go to' });
      else samples.push({ sequence, to: target, message: edited(message, this.now) });
    }
    return { matched: messages.length, movable: samples.length, superseded: 0, skipped, samples };
  }

  /** A move with a rate never ends here, but by being cancelled. */
  async startMove(spec: MoveSpec): Promise<MoveStatus> {
    const { messages } = this.#queue(spec.from);
    const total = messages.size;
    const { matched, skipped, samples } = await this.previewMove(spec);
    const going = spec.rate === undefined ? samples : [];
    for (const { sequence, to, message } of going) {
      if (spec.copy !== true) messages.delete(sequence);
      this.put(to, message);
    }
    const gone = spec.copy === true ? { moved: 0, copied: going.length } : { moved: going.length, copied: 0 };
    const counts = { scanned: total, total, matched, ...gone, superseded: 0, skipped };
    const end =
      spec.rate === undefined ? { state: 'done', endedAt: this.now } : { state: 'running', endedAt: undefined };
    const id = String(this.#moves.size + 1);
    const status = { id, spec, startedAt: this.now, ...counts, ...end, reason: undefined } as MoveStatus;
    this.#moves.set(id, status);
    return status;
  }

  async moveStatus(id: string): Promise<MoveStatus> {
    const status = this.#moves.get(id);
    if (status === undefined) throw new SluiceError('not_found', `There is no move ${JSON.stringify(id)}`);
    return status;
  }

  async moves(): Promise<readonly MoveStatus[]> {
    return [...this.#moves.values()].reverse();
  }

  async cancelMove(id: string): Promise<MoveStatus> {
    const status: MoveStatus = { ...(await this.moveStatus(id)), state: 'cancelled', endedAt: this.now };
    this.#moves.set(id, status);
    return status;
  }

  async resumeMove(id: string): Promise<MoveStatus> {
    const status: MoveStatus = { ...(await this.moveStatus(id)), state: 'running', endedAt: undefined };
    this.#moves.set(id, status);
    return status;
  }

  async groups(): Promise<readonly GroupInfo[]> {
    throw notHere();
  }

  async seek(): Promise<GroupInfo> {
    throw notHere();
  }

  async removeGroup(): Promise<void> {
    throw notHere();
  }

  onEvent(): void {
    throw notHere();
  }

  async bury(name: string, message: Message, death: Pick<Death, 'code' | 'reason' | 'headers'>): Promise<void> {
    const target = this.#queue(name).info.options.deadLetter ?? 'dead';
    if (!this.#queues.has(target)) await this.declare(target, {});
    const times = { firstFailureAt: this.now, lastFailureAt: this.now };
    this.put(target, message, { queue: name, sequence: 1, attempts: 1, ...times, ...death });
  }

  deadLetterGroups(name: string): Promise<DeadLetterGroups> {
    return countDeadLetters((request) => this.browse(name, request), this.now);
  }

  async stats(name: string): Promise<QueueStats> {
    const { messages, next, acknowledged } = this.#queue(name);
    const stored = [...messages.values()];
    const leased = stored.filter(({ state }) => state === 'leased').length;
    const ready = stored.length - leased;
    const none = {
      redelivered: 0,
      released: 0,
      failed: 0,
      leasesExpired: 0,
      deadLettered: 0,
      expired: 0,
      dropped: { purged: 0, no_dead_letters: 0, overflow: 0, superseded: 0, retention: 0, damaged: 0 },
      moved: 0,
      rejected: 0,
      groupsRefused: {},
      duplicates: 0,
      elided: 0,
      timeInQueueMs: emptyReading,
      processingMs: emptyReading,
    };
    const levels = {
      ready,
      readyByPriority: [ready],
      deadLetters: 0,
      deadLetterCauses: 0,
      deadLetterGroups: [],
      leased,
      scheduled: 0,
      bytes: 0,
      consumers: 0,
      blocked: 0,
    };
    const oldestReadyAgeMs = ready > 0 ? 1_500 : 0;
    return { ...none, ...levels, oldestReadyAgeMs, enqueued: next - 1, delivered: 0, acknowledged };
  }

  put(name: string, message: Message, death?: Death): void {
    const queue = this.#queue(name);
    const sequence = queue.next++;
    const fresh = { attempts: 0, enqueuedAt: this.now, availableAt: undefined, lastError: undefined };
    queue.messages.set(sequence, { sequence, state: 'ready', message, death, ...fresh });
    this.expireWaits(name);
  }

  #take(queue: MemoryQueue, { max, leaseMs = 30_000 }: LeaseRequest): LeasedMessage[] {
    const ready = [...queue.messages.values()].filter(({ state }) => state === 'ready').slice(0, max);
    return ready.map((stored) => {
      const token = `t${++this.#tokens}`;
      const leaseUntil = this.now + leaseMs;
      queue.messages.set(stored.sequence, { ...stored, state: 'leased', token, leaseUntil });
      const { sequence, message, attempts, enqueuedAt, death } = stored;
      return {
        token,
        leaseUntil,
        delivery: { sequence, message, attempt: attempts + 1, enqueuedAt, death, queue: queue.info.name },
      };
    });
  }

  #queue(name: string): MemoryQueue {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new SluiceError('queue_not_found', `There is no queue ${JSON.stringify(name)}`);
    return queue;
  }
}

function notHere(): SluiceError {
  return new SluiceError('not_supported', 'Use another engine: the memory engine keeps no more than the API needs');
}
