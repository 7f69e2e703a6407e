import { randomBytes } from 'node:crypto';
import { SluiceError } from '../../errors.ts';
import type { Consumer, Consumption, Death, Destination, Message, Settlement } from '../../message.ts';
import { type Clock, systemClock } from '../../std/clock.ts';
import { Deadlines } from '../../std/deadlines.ts';
import type { Log } from '../../std/log.ts';
import { monotonic } from '../../std/step-time.ts';
import type { Environment } from '../../storage/environment.ts';
import type { GroupCommit } from '../../storage/group-commit.ts';
import type { DeadLetterGroups } from '../causes/dead-letter-groups.ts';
import type {
  BrowsePage,
  BrowseRequest,
  ConsumeRequest,
  ConsumerInfo,
  Engine,
  EngineCapability,
  GroupInfo,
  LeasedMessage,
  LeaseRequest,
  QueueEvent,
  QueueInfo,
  SettleResult,
} from '../engine.ts';
import type { GroupStart } from '../group-start.ts';
import type { MovePreview, MoveSpec, MoveStatus } from '../move-spec.ts';
import type { GivenQueueOptions } from '../options.ts';
import type { QueueStats } from '../queue-stats.ts';
import { Admission, NamedDestination } from './admission.ts';
import {
  browseAny,
  consumersOf,
  deadLetterGroupsOf,
  extendTokens,
  groupsOf,
  idle,
  leaveAny,
  loopOf,
  purgeAny,
  removeGroup,
  seek,
  settleTokens,
  statsOfAny,
} from './by-kind.ts';
import { PushConsumption } from './consumption.ts';
import type { EngineContext } from './context.ts';
import { type DeliveryLoop, endedPerTurnMax } from './delivery-loop.ts';
import { EventFeed } from './event-feed.ts';
import { HandOut } from './hand-out.ts';
import { type HotLimits, HotWindow, hotLimits } from './hot-window.ts';
import { returnedPerTurnMax } from './leavers.ts';
import { Moves } from './move/moves.ts';
import { requireWork } from './queue-kinds.ts';
import { QueueRemovals } from './queue-removals.ts';
import { encodeRecord } from './record.ts';
import { infoOf, Registry } from './registry.ts';
import { buryUnseen } from './settlement.ts';
import { TurnBudget } from './turn-budget.ts';
import { TurnSteps } from './turn-steps.ts';
import type { Wake } from './wake.ts';

export interface EmbeddedEngineParts {
  readonly environment: Pick<Environment, 'get' | 'readRange' | 'readKeys'>;
  readonly commit: GroupCommit;
  readonly clock?: Clock;
  /** From 0 up to, not including, 1; hard to guess by default, because lease tokens come from it. */
  readonly random?: () => number;
  /** Milliseconds since some moment, for what is cut into steps by time. */
  readonly monotonicMs?: () => number;
  readonly log: Log;
  readonly hot?: HotLimits;
  /** Queues that cannot be removed, because a part of the platform needs them. */
  readonly permanent?: readonly string[];
}

export const embeddedCapabilities: ReadonlySet<EngineCapability> = new Set<EngineCapability>([
  'atomic-fanout',
  'ordering',
  'last-value',
  'deduplication',
  'headers',
  'durability',
  'overflow',
  'byte-credit',
  'events',
  'moves',
  'consumer-list',
  'logs',
  'expiry',
  'delay',
  'priorities',
]);

/** Queues in this process, on LMDB. It opens neither the environment nor the commit, and closes neither. */
export class EmbeddedEngine implements Engine {
  readonly capabilities = embeddedCapabilities;
  readonly #context: EngineContext;
  readonly #admission: Admission;
  readonly #registry: Registry;
  readonly #moves: Moves;
  readonly #removals: QueueRemovals;

  constructor(parts: EmbeddedEngineParts) {
    const { clock = systemClock, monotonicMs = monotonic } = parts;
    const wakes = new Deadlines<Wake>((wake, now) => wake.wake(now), clock, monotonicMs);
    const returnedAtOnce = new TurnBudget(returnedPerTurnMax);
    this.#context = {
      environment: parts.environment,
      commit: parts.commit,
      clock,
      random: parts.random ?? secureRandom,
      monotonicMs,
      log: parts.log,
      hot: new HotWindow(parts.hot ?? hotLimits),
      events: new EventFeed(clock),
      handOut: new HandOut(),
      returnedAtOnce,
      scheduled: new Deadlines((entry, now) => entry.home.due(entry, now), clock, monotonicMs),
      wakes,
      endings: new TurnSteps({ wakes, atOnce: new TurnBudget(endedPerTurnMax), now: () => clock.now() }),
      dismissals: new TurnSteps({ wakes, atOnce: returnedAtOnce, now: () => clock.now() }),
      roomMade: () => this.#admission.roomMade(),
      deadLetter: (name, record, death) => this.#registry.deadLetter(name, record, death),
    };
    this.#admission = new Admission(this.#context);
    this.#registry = new Registry(this.#context, this.#admission);
    this.#moves = new Moves(this.#context, this.#registry);
    this.#removals = new QueueRemovals(this.#context, this.#registry, parts.permanent ?? []);
  }

  async start(): Promise<void> {
    for (const id of this.#registry.load()) this.#removals.finish(id);
    this.#admission.open = true;
    this.#moves.load();
    this.#registry.countDeadLetters();
  }

  async quiesce(waitMs: number): Promise<number> {
    const { handOut, commit, clock } = this.#context;
    // After a failed commit nobody's answer can be kept.
    return handOut.end(commit.failure === undefined ? waitMs : 0, clock);
  }

  async stop(): Promise<void> {
    const stopping = new SluiceError('unavailable', 'The server stops; consume again from the next one');
    this.#admission.close(stopping);
    const moving = this.#moves.stop();
    for (const queue of this.#registry.queues) {
      queue.end(stopping, undefined);
      queue.counters.setCeiling(queue.nextSequence);
    }
    const { scheduled, wakes, commit, endings, dismissals } = this.#context;
    endings.finish();
    // The heaps are cleared as they are.
    dismissals.drop();
    scheduled.clear();
    wakes.clear();
    const upkeep = [...this.#registry.queues].map(idle);
    await Promise.all([this.#removals.idle(), ...upkeep, moving]);
    await commit.flushed();
  }

  async declare(name: string, options: GivenQueueOptions): Promise<QueueInfo> {
    this.#requireOpen();
    const queue = this.#registry.declare(name, options);
    await this.#context.commit.flushed();
    return infoOf(queue);
  }

  async remove(name: string): Promise<void> {
    await this.#removals.remove(name);
  }

  async list(): Promise<readonly QueueInfo[]> {
    return this.#registry.infos;
  }

  async info(name: string): Promise<QueueInfo> {
    return infoOf(this.#registry.require(name));
  }

  route(topic: string): Destination | undefined {
    return this.#registry.route(topic);
  }

  destination(queue: string): Destination {
    return new NamedDestination(this.#admission, queue, (name) => this.#registry.find(name));
  }

  onRoutesChanged(listener: () => void): void {
    this.#registry.onRoutesChanged(listener);
  }

  async consume(queue: string, consumer: Consumer, request: ConsumeRequest): Promise<Consumption> {
    this.#requireOpen();
    const found = loopOf(this.#registry.require(queue), request, consumer.id);
    return new PushConsumption(found instanceof Promise ? usable(await found) : found, consumer, request);
  }

  async lease(queue: string, request: LeaseRequest): Promise<readonly LeasedMessage[]> {
    this.#requireOpen();
    const found = loopOf(this.#registry.require(queue), request, request.groupMaker ?? request.consumerId);
    const { leases } = found instanceof Promise ? usable(await found) : found;
    return leases.lease(request);
  }

  async settle(queue: string, tokens: readonly string[], settlement: Settlement): Promise<readonly SettleResult[]> {
    const results = settleTokens(this.#registry.require(queue), tokens, settlement);
    await this.#context.commit.flushed();
    return results;
  }

  /** Leases are not stored, so there is nothing to flush. */
  async extend(queue: string, tokens: readonly string[], leaseMs?: number): Promise<readonly SettleResult[]> {
    return extendTokens(this.#registry.require(queue), tokens, leaseMs);
  }

  async leave(queue: string, consumerId: string): Promise<void> {
    leaveAny(this.#registry.require(queue), consumerId);
  }

  async consumers(queue: string): Promise<readonly ConsumerInfo[]> {
    return consumersOf(this.#registry.require(queue));
  }

  async browse(queue: string, request: BrowseRequest): Promise<BrowsePage> {
    return browseAny(this.#registry.require(queue), request);
  }

  async purge(queue: string): Promise<number> {
    return purgeAny(this.#registry.require(queue));
  }

  async previewMove(spec: MoveSpec): Promise<MovePreview> {
    return this.#moves.preview(spec);
  }

  async startMove(spec: MoveSpec): Promise<MoveStatus> {
    this.#requireOpen();
    return this.#moves.start(spec);
  }

  async moveStatus(id: string, waitMs = 0): Promise<MoveStatus> {
    return this.#moves.status(id, waitMs);
  }

  async moves(): Promise<readonly MoveStatus[]> {
    return this.#moves.list();
  }

  async cancelMove(id: string): Promise<MoveStatus> {
    this.#requireOpen();
    return this.#moves.cancel(id);
  }

  async resumeMove(id: string): Promise<MoveStatus> {
    this.#requireOpen();
    return this.#moves.resume(id);
  }

  async groups(queue: string): Promise<readonly GroupInfo[]> {
    return groupsOf(this.#registry.require(queue));
  }

  async seek(queue: string, group: string, start: GroupStart): Promise<GroupInfo> {
    this.#requireOpen();
    return seek(this.#registry.require(queue), group, start);
  }

  async removeGroup(queue: string, group: string): Promise<void> {
    await removeGroup(this.#registry.require(queue), group);
  }

  onEvent(listener: (event: QueueEvent) => void): void {
    this.#context.events.listen(listener);
  }

  async bury(queue: string, message: Message, death: Pick<Death, 'code' | 'reason' | 'headers'>): Promise<void> {
    this.#requireOpen();
    const { clock, commit } = this.#context;
    buryUnseen(requireWork(this.#registry.require(queue), 'bury in'), encodeRecord(message, clock.now()), death);
    await commit.flushed();
  }

  async stats(queue: string): Promise<QueueStats> {
    const found = this.#registry.require(queue);
    const { deadLetter } = found.options;
    return statsOfAny(found, deadLetter === null ? undefined : this.#registry.find(deadLetter));
  }

  async deadLetterGroups(queue: string, options?: { readonly recount?: boolean }): Promise<DeadLetterGroups> {
    return deadLetterGroupsOf(this.#registry.require(queue), options?.recount === true);
  }

  #requireOpen(): void {
    if (this.#admission.open) return;
    throw new SluiceError('unavailable', 'Cannot use the queues: the engine is not running');
  }
}

/** What was there when it was asked for can have ended meanwhile. */
function usable(loop: DeliveryLoop): DeliveryLoop {
  const { closed, name } = loop.source;
  if (!closed) return loop;
  throw new SluiceError('unavailable', `Cannot consume "${name}": it has ended meanwhile`);
}

function secureRandom(): number {
  return randomBytes(6).readUIntBE(0, 6) / 2 ** 48;
}
