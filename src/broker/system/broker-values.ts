import type { Clock } from '../../std/clock.ts';
import type { BrokerCounters } from '../counters.ts';
import type { Retained } from '../retained.ts';
import type { Router } from '../router.ts';
import type { Sessions } from '../sessions.ts';
import { LoadAverages, type Totals } from './load-averages.ts';
import type { SystemValue } from './system-topics.ts';

export interface BrokerValuesParts {
  readonly version: string;
  readonly counters: BrokerCounters;
  readonly sessions: Sessions;
  readonly router: Router;
  readonly retained: Retained;
  readonly clock: Clock;
}

/** What the broker tells of itself, under the names that Mosquitto uses, so that dashboards made for it show Sluice too. */
export class BrokerValues {
  readonly #parts: BrokerValuesParts;
  readonly #loads: LoadAverages;
  readonly #startedAt: number;
  #tickedAt: number;

  constructor(parts: BrokerValuesParts) {
    this.#parts = parts;
    this.#loads = new LoadAverages(loadsOf(parts.counters));
    this.#startedAt = parts.clock.now();
    this.#tickedAt = this.#startedAt;
  }

  /** Takes the rates since the last call into the averages. */
  tick(): void {
    const { clock, counters } = this.#parts;
    const now = clock.now();
    if (now > this.#tickedAt) this.#loads.tick(loadsOf(counters), (now - this.#tickedAt) / 1000);
    this.#tickedAt = now;
  }

  *values(): Generator<SystemValue> {
    const { version, clock } = this.#parts;
    yield [`${root}/version`, `sluice version ${version}`];
    yield [`${root}/uptime`, `${Math.floor((clock.now() - this.#startedAt) / 1000)} seconds`];
    for (const [name, read] of Object.entries(rows)) yield [`${root}/${name}`, String(read(this.#parts))];
    for (const [name, value] of this.#loads.values()) yield [`${root}/load/${name}`, value];
  }
}

const root = '$SYS/broker';

/** One row a topic. */
const rows: Readonly<Record<string, (parts: BrokerValuesParts) => number>> = {
  'clients/total': ({ sessions }) => sessions.size,
  'clients/connected': ({ counters }) => counters.clients,
  'clients/disconnected': ({ sessions, counters }) => sessions.size - counters.clients,
  'clients/maximum': ({ counters }) => counters.clientsMax,
  'clients/expired': ({ counters }) => counters.sessionsExpired,
  // The names before Mosquitto 2, which dashboards still ask for.
  'clients/active': ({ counters }) => counters.clients,
  'clients/inactive': ({ sessions, counters }) => sessions.size - counters.clients,
  'messages/received': ({ counters }) => counters.packetsIn,
  'messages/sent': ({ counters }) => packetsOut(counters),
  'messages/stored': storedMessages,
  'store/messages/count': storedMessages,
  'publish/messages/received': ({ counters }) => counters.publishesIn,
  'publish/messages/sent': ({ counters }) => counters.publishesOut,
  'publish/messages/dropped': ({ counters }) => droppedMessages(counters),
  'publish/bytes/received': ({ counters }) => counters.payloadBytesIn,
  'publish/bytes/sent': ({ counters }) => counters.payloadBytesOut,
  'bytes/received': ({ counters }) => counters.bytesIn,
  'bytes/sent': ({ counters }) => counters.bytesOut,
  'subscriptions/count': ({ router }) => router.subscriptionCount,
  'retained messages/count': ({ retained }) => retained.size,
};

/** What the averages under `load/` are made of. */
function loadsOf(counters: BrokerCounters): Totals {
  return {
    'messages/received': counters.packetsIn,
    'messages/sent': packetsOut(counters),
    'publish/received': counters.publishesIn,
    'publish/sent': counters.publishesOut,
    'publish/dropped': droppedMessages(counters),
    'bytes/received': counters.bytesIn,
    'bytes/sent': counters.bytesOut,
    connections: counters.connectsIn,
    sockets: counters.connectionsTotal,
  };
}

function packetsOut(counters: BrokerCounters): number {
  return counters.publishesOut + counters.answersOut;
}

function storedMessages({ sessions, retained }: BrokerValuesParts): number {
  return retained.size + sessions.storedMessages();
}

/** Retained messages that were refused or expired are no messages on their way to somebody. */
function droppedMessages({ dropped }: BrokerCounters): number {
  const { retained_full: _, retained_expired: __, ...onTheWay } = dropped;
  return Object.values(onTheWay).reduce((sum, count) => sum + count, 0);
}
