import type { Access } from '../access/access.ts';
import type { ConsumerSource } from '../message.ts';
import type { GatherBudget } from '../mqtt/codec/gather-budget.ts';
import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { AddressCounts } from './admission/address-counts.ts';
import type { Admission } from './admission/admission.ts';
import type { ClaimPlaces } from './admission/claim-places.ts';
import type { PublishRates } from './admission/publish-rates.ts';
import type { ClaimDoor } from './claims.ts';
import type { BrokerCounters } from './counters.ts';
import type { Deliverer } from './delivery.ts';
import type { GreetingSource } from './greetings.ts';
import type { KeepAlive } from './keep-alive.ts';
import type { BrokerLimits } from './limits.ts';
import type { BrokerOptions } from './options.ts';
import type { Publisher } from './publisher.ts';
import type { NamePlaces } from './recent-names.ts';
import type { Retained } from './retained.ts';
import type { RightsWatch } from './rights-watch.ts';
import type { Router } from './router.ts';
import type { SessionLog } from './session-log.ts';
import type { Sessions } from './sessions.ts';
import type { Wills } from './wills.ts';

/** The parts of the broker as its connections use them. Built once, in `broker.ts`. */
export interface BrokerContext {
  readonly access: Access;
  readonly admission: Admission;
  readonly addressCounts: AddressCounts;
  readonly publishRates: PublishRates;
  readonly claims: ClaimDoor;
  readonly claimPlaces: ClaimPlaces;
  /** For packets that span reads: of connections that have no CONNACK yet or claim, and of all others. */
  readonly gathering: Readonly<Record<'strangers' | 'clients', GatherBudget>>;
  readonly router: Router;
  /** Of all connections, for topics that they go round. */
  readonly namePlaces: NamePlaces;
  readonly publisher: Publisher;
  readonly deliverer: Deliverer;
  readonly sessions: Sessions;
  readonly retained: Retained;
  readonly greetingSources: readonly GreetingSource[];
  readonly sessionLog: SessionLog;
  readonly wills: Wills;
  readonly keepAlive: KeepAlive;
  readonly rights: RightsWatch;
  readonly sources: readonly ConsumerSource[];
  readonly limits: BrokerLimits;
  readonly options: BrokerOptions;
  readonly counters: BrokerCounters;
  readonly clock: Clock;
  readonly log: Log;
  /** A client id that nobody has. */
  readonly newClientId: () => string;
  /** Higher with every CONNECT. */
  readonly newArrival: () => number;
}
