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
    for (const { name, read } of brokerValueRows) yield [`${root}/${name}`, String(read(this.#parts))];
    for (const [name, value] of this.#loads.values()) yield [`${root}/load/${name}`, value];
  }
}

const root = '$SYS/broker';

interface ValueRow {
  /** Below `$SYS/broker/`. */
  readonly name: string;
  readonly meaning: string;
  readonly read: (parts: BrokerValuesParts) => number;
}

/** One row a topic, but for those that are no number and the averages. */
export const brokerValueRows: readonly ValueRow[] = [
  row('clients/total', 'Sessions, connected or not', ({ sessions }) => sessions.size),
  row('clients/connected', 'Connected clients', ({ counters }) => counters.clients),
  row('clients/disconnected', 'Kept sessions whose client is away', awayClients),
  row(
    'clients/maximum',
    'Clients that were connected at the same time, at most',
    ({ counters }) => counters.clientsMax,
  ),
  row(
    'clients/expired',
    'Sessions that ended because their client stayed away',
    (parts) => parts.counters.sessionsExpired,
  ),
  row('clients/active', 'The old name of `clients/connected`', ({ counters }) => counters.clients),
  row('clients/inactive', 'The old name of `clients/disconnected`', awayClients),
  row('messages/received', 'Packets of every type received', ({ counters }) => counters.packetsIn),
  row('messages/sent', 'Packets of every type sent', ({ counters }) => packetsOut(counters)),
  row(
    'publish/messages/received',
    'Messages published, by clients, wills and over HTTP',
    (parts) => parts.counters.publishesIn,
  ),
  row('publish/messages/sent', 'PUBLISH packets sent', ({ counters }) => counters.publishesOut),
  row('publish/messages/dropped', 'Messages that a subscriber did not get', ({ counters }) =>
    droppedMessages(counters),
  ),
  row('publish/bytes/received', 'Payload bytes of the messages published', ({ counters }) => counters.payloadBytesIn),
  row('publish/bytes/sent', 'Payload bytes of the PUBLISH packets sent', ({ counters }) => counters.payloadBytesOut),
  row('bytes/received', 'Bytes received', ({ counters }) => counters.bytesIn),
  row('bytes/sent', 'Bytes sent', ({ counters }) => counters.bytesOut),
  row(
    'subscriptions/count',
    'Subscriptions, without shared ones',
    ({ router }) => router.subscriptionCount - router.groups.memberCount,
  ),
  row('shared_subscriptions/count', 'Members of shared subscriptions', ({ router }) => router.groups.memberCount),
  row('retained messages/count', 'Retained messages', ({ retained }) => retained.size),
  row('store/messages/count', 'Messages on disk: retained, and owed to kept sessions', storedMessages),
  row('messages/stored', 'The old name of `store/messages/count`', storedMessages),
];

/** What the averages under `load/` are made of, by name. */
export const loadNames: Readonly<Record<string, (counters: BrokerCounters) => number>> = {
  'messages/received': ({ packetsIn }) => packetsIn,
  'messages/sent': packetsOut,
  'publish/received': ({ publishesIn }) => publishesIn,
  'publish/sent': ({ publishesOut }) => publishesOut,
  'publish/dropped': droppedMessages,
  'bytes/received': ({ bytesIn }) => bytesIn,
  'bytes/sent': ({ bytesOut }) => bytesOut,
  connections: ({ connectsIn }) => connectsIn,
  sockets: ({ connectionsTotal }) => connectionsTotal,
};

function loadsOf(counters: BrokerCounters): Totals {
  return Object.fromEntries(Object.entries(loadNames).map(([name, read]) => [name, read(counters)]));
}

function row(name: string, meaning: string, read: ValueRow['read']): ValueRow {
  return { name, meaning, read };
}

function awayClients({ sessions, counters }: BrokerValuesParts): number {
  return sessions.size - counters.clients;
}

function packetsOut(counters: BrokerCounters): number {
  return counters.publishesOut + counters.answersOut;
}

function storedMessages({ sessions, retained }: BrokerValuesParts): number {
  return retained.size + sessions.storedMessages();
}

/** Retained messages that were refused, expired or kept back are no messages on their way to somebody. */
function droppedMessages({ dropped }: BrokerCounters): number {
  const { retained_full: _, retained_expired: __, retained_source: ___, ...onTheWay } = dropped;
  return Object.values(onTheWay).reduce((sum, count) => sum + count, 0);
}
