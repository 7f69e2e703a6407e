import { RateWindow } from '../std/rate-window.ts';
import { Alerts } from './alerts.ts';
import { consumersNeeded, DesiredConsumers } from './desired-consumers.ts';
import type { GroupInfo, QueueEvent } from './engine.ts';
import type { QueueOptions } from './options.ts';
import type { QueueBacklog } from './queue-backlog.ts';
import type { QueueNumbers, QueueRates } from './queue-numbers.ts';
import {
  droppedOf,
  type QueueDropReason,
  type QueueStats,
  queueDropReasons,
  queueTotalNames as totalNames,
} from './queue-stats.ts';
import { WatchedGroup } from './watched-group.ts';

type Findings = Pick<
  QueueNumbers,
  'perSecond' | 'growthPerMinute' | 'deadLettersPerMinute' | 'timeToDrainMs' | 'full' | 'desiredConsumers' | 'alerts'
>;
/** What is presumed is no news to the log. */
type Finding = Pick<QueueEvent, 'kind' | 'detail'> & { readonly presumed?: boolean };

/** What was seen of one queue, and what follows from it. */
export class WatchedQueue {
  readonly createdAt: number;
  readonly #rates = new RateWindow(watchedTotals.length, windowSamples);
  readonly #alerts: Alerts;
  readonly #desired = new DesiredConsumers();
  /** Of a log, by name: as many as it may have groups. */
  readonly #groups = new Map<string, WatchedGroup>();
  #isLog = false;
  #last: QueueStats | undefined;
  #full = false;
  /** How many deliveries consumers had answered, and when that was seen to change. */
  #settled = 0;
  #settledAt = 0;

  /** `mayHaveAlerts`: raised before the server started. */
  constructor(createdAt: number, mayHaveAlerts = false) {
    this.createdAt = createdAt;
    this.#alerts = new Alerts(mayHaveAlerts);
  }

  /** Of a log what its groups need together: each takes its own time for a message, and a mean of them is nobody's. */
  get desiredConsumers(): number {
    if (!this.#isLog) return this.#desired.current;
    return [...this.#groups.values()].reduce((sum, group) => sum + group.desiredConsumers, 0);
  }

  /** Takes the numbers of this moment; answers what is new. */
  look(stats: QueueStats, backlog: QueueBacklog, options: QueueOptions, now: number): readonly Finding[] {
    this.#rates.sample(
      now,
      watchedTotals.map((read) => read(stats, backlog)),
    );
    const stalledMs = this.#stalledMs(stats, now);
    const { deadLetters } = stats;
    const growthPerMinute = this.#growthPerMinute();
    const deadLettersPerMinute = this.#deadLettersPerMinute();
    const watched = { ...backlog, growthPerMinute, deadLetters, deadLettersPerMinute, stalledMs };
    const changes = this.#alerts.update(watched, options.alerts, now);
    const alerts = changes.map(({ raised, presumed, ...detail }) => ({ ...alert(raised, detail), presumed }));
    const found = [...this.#fullness(stats, options), ...alerts];
    this.#isLog = options.kind === 'log';
    if (!options.paused && !this.#isLog) this.#desired.update(this.#needed(stats, backlog, options), now);
    this.#last = stats;
    return found;
  }

  /** Behind `look` of the same moment. */
  lookAtGroups(groups: readonly GroupInfo[], options: QueueOptions, now: number): void {
    const names = new Set(groups.map(({ name }) => name));
    for (const name of this.#groups.keys()) if (!names.has(name)) this.#groups.delete(name);
    const { enqueued } = this.#perSecond();
    for (const group of groups) {
      const watched = this.#groups.get(group.name) ?? new WatchedGroup(windowSamples);
      watched.look(group, enqueued, options, now);
      this.#groups.set(group.name, watched);
    }
  }

  /** 0 for one that was not looked at yet. */
  desiredConsumersOf(group: string): number {
    return this.#groups.get(group)?.desiredConsumers ?? 0;
  }

  findings(backlog: QueueBacklog): Findings {
    return {
      perSecond: this.#perSecond(),
      growthPerMinute: this.#growthPerMinute(),
      deadLettersPerMinute: this.#deadLettersPerMinute(),
      timeToDrainMs: this.#timeToDrainMs(backlog),
      full: this.#full,
      desiredConsumers: this.desiredConsumers,
      alerts: this.#alerts.raised,
    };
  }

  #perSecond(): QueueRates {
    const rates = totalNames.map((name, i) => [name, this.#rates.perSecond(i)]);
    const dropped = dropReasonNames.map((reason, i) => [reason, this.#rates.perSecond(totalNames.length + i)]);
    return { ...Object.fromEntries(rates), dropped: Object.fromEntries(dropped) };
  }

  #growthPerMinute(): number {
    return Math.round(this.#rates.perSecond(watchedTotals.length - 1) * 60);
  }

  #deadLettersPerMinute(): number {
    return Math.round(this.#rates.perSecond(totalNames.indexOf('deadLettered')) * 60);
  }

  #timeToDrainMs({ deliveries, readings }: QueueBacklog): number | null {
    if (deliveries === 0) return 0;
    const { acknowledged, deadLettered, expired, moved, dropped, enqueued } = this.#perSecond();
    const less = acknowledged + deadLettered + expired + moved + droppedOf({ dropped }) - enqueued * readings;
    return less > 0 ? Math.round((deliveries / less) * 1_000) : null;
  }

  /** Leases that ran out are no answer. */
  #stalledMs({ delivered, leased, leasesExpired }: QueueStats, now: number): number {
    const settled = delivered - leased - leasesExpired;
    if (leased === 0 || settled !== this.#settled) this.#settledAt = now;
    this.#settled = settled;
    return now - this.#settledAt;
  }

  #fullness(stats: QueueStats, { limits }: QueueOptions): readonly Finding[] {
    const messages = stats.ready + stats.leased + stats.scheduled;
    const { bytes } = stats;
    const refused = this.#last !== undefined && refusals(stats) > refusals(this.#last);
    const isLimited = limits.messages > 0 || limits.bytes > 0;
    const isFull = stats.blocked > 0 || (isLimited && (refused || reached(messages, limits.messages)));
    const hasRoom = !isFull && below(messages, limits.messages) && below(bytes, limits.bytes);
    if (this.#full ? !hasRoom : !isFull) return [];
    this.#full = !this.#full;
    return [{ kind: this.#full ? 'full' : 'room', detail: { messages, bytes } }];
  }

  #needed(stats: QueueStats, { deliveries }: QueueBacklog, options: QueueOptions): number {
    const { messagesPerConsumer, drainMs, max } = options.desiredConsumers;
    const oneAtATime = options.singleActiveConsumer || options.ordering === 'total';
    const { enqueued, acknowledged } = this.#perSecond();
    const done = this.#rates.perSecond(processingPlace);
    const demand = {
      backlog: deliveries,
      consumers: stats.consumers,
      arrivalRate: enqueued,
      acknowledgeRate: acknowledged,
      processingMs: done === 0 ? 0 : this.#rates.perSecond(processingPlace + 1) / done,
    };
    return consumersNeeded(demand, { messagesPerConsumer, drainMs, max: oneAtATime ? 1 : max });
  }
}

/** Half a minute, at a sample in five seconds. */
const windowSamples = 7;
const dropReasonNames = Object.keys(queueDropReasons) as QueueDropReason[];
const processingPlace = totalNames.length + dropReasonNames.length;

/** The last is no total, for it goes down too. */
const watchedTotals: readonly ((stats: QueueStats, backlog: QueueBacklog) => number)[] = [
  ...totalNames.map((name) => (stats: QueueStats) => stats[name]),
  ...dropReasonNames.map((reason) => (stats: QueueStats) => stats.dropped[reason]),
  ({ processingMs }) => processingMs.count,
  ({ processingMs }) => processingMs.sum,
  (_stats, { waiting }) => waiting,
];

function refusals({ rejected, dropped }: QueueStats): number {
  return rejected + dropped.overflow;
}

function reached(value: number, limit: number): boolean {
  return limit > 0 && value >= limit;
}

/** A queue that goes up and down at its limit is full all the time. */
function below(value: number, limit: number): boolean {
  return limit === 0 || value <= limit * roomShare;
}

const roomShare = 0.9;

function alert(raised: boolean, detail: QueueEvent['detail']): Finding {
  return { kind: raised ? 'alert-raised' : 'alert-cleared', detail };
}
