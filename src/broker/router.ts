import type { Destination, MessageSink, QoS, ReceiptWaiter } from '../message.ts';
import { FilterIndex } from '../mqtt/topics/filter-index.ts';
import { isSharedFilter, matchedFilter } from '../mqtt/topics/names.ts';
import type { Deliverer } from './delivery.ts';
import type { Publication } from './publication.ts';
import type { Session, Subscription } from './session.ts';
import type { SessionLog } from './session-log.ts';
import { SharedGroup } from './shared-group.ts';
import type { SharedGroups } from './shared-groups.ts';

/** Everyone whom a topic concerns. Kept by topic until a subscription or a binding changes. */
export interface Route {
  readonly topic: string;
  readonly version: number;
  /** One per session, overlapping ones merged. */
  readonly recipients: readonly Recipient[];
  /** Each picks one of its members for each message, so that a member that comes or goes leaves the route as it is. */
  readonly groups: readonly SharedGroup[];
  readonly destinations: readonly Destination[];
}

/** All subscriptions of one session that match. */
interface Recipient extends Subscription {
  /** Those of them that the session's own messages concern, where `noLocal` is said of some but not of all. */
  readonly ofOwn?: Subscription | undefined;
}

/** Matching sessions, groups and sinks for every publish. */
export class Router {
  readonly groups: SharedGroups;
  readonly #index = new FilterIndex<Subscription | SharedGroup>();
  readonly #sinks: MessageSink[] = [];
  readonly #routes = new Map<string, Route>();
  readonly #deliverer: Deliverer;
  readonly #log: SessionLog;
  #version = 0;
  #recipientsKept = 0;
  #systemSubscriptions = 0;

  constructor(groups: SharedGroups, deliverer: Deliverer, log: SessionLog) {
    this.groups = groups;
    this.#deliverer = deliverer;
    this.#log = log;
  }

  /** Changes whenever routes that were handed out may no longer hold. */
  get version(): number {
    return this.#version;
  }

  get subscriptionCount(): number {
    return this.#index.size - this.groups.size + this.groups.memberCount;
  }

  /** Whether anybody listens to topics of the server. Wildcards at the first level do not [MQTT-4.7.2-1]. */
  get hasSystemSubscriptions(): boolean {
    return this.#systemSubscriptions > 0;
  }

  addSink(sink: MessageSink): void {
    this.#sinks.push(sink);
    sink.onRoutesChanged(() => this.#forget());
    this.#forget();
  }

  subscribe(subscription: Subscription): void {
    const added = isSharedFilter(subscription.filter) ? this.groups.join(subscription) : subscription;
    if (added === undefined) return;
    const filter = matchedFilter(subscription.filter);
    if (this.#index.add(filter, added) && isSystem(filter)) this.#systemSubscriptions++;
    this.#forget();
  }

  unsubscribe(subscription: Subscription): void {
    const removed = isSharedFilter(subscription.filter) ? this.groups.leave(subscription) : subscription;
    if (removed === undefined) return;
    const filter = matchedFilter(subscription.filter);
    if (this.#index.remove(filter, removed) && isSystem(filter)) this.#systemSubscriptions--;
    this.#forget();
  }

  /** The same session and filter with other options. */
  replace(known: Subscription, subscription: Subscription): void {
    if (isSharedFilter(known.filter)) {
      this.groups.replace(known, subscription);
      return;
    }
    this.#index.remove(known.filter, known);
    this.#index.add(subscription.filter, subscription);
    this.#forget();
  }

  route(topic: string): Route {
    const known = this.#routes.get(topic);
    if (known !== undefined) return known;
    if (this.#routes.size >= routesMax || this.#recipientsKept >= recipientsKeptMax) this.#clear();
    const matching: (Subscription | SharedGroup)[] = [];
    this.#index.match(topic, matching);
    const destinations: Destination[] = [];
    for (const sink of this.#sinks) {
      const destination = sink.route(topic);
      if (destination !== undefined) destinations.push(destination);
    }
    const subscriptions: Subscription[] = [];
    const groups: SharedGroup[] = [];
    for (const found of matching) {
      if (found instanceof SharedGroup) groups.push(found);
      else subscriptions.push(found);
    }
    const route = { topic, version: this.#version, recipients: onePerSession(subscriptions), groups, destinations };
    if (topic.length <= topicLengthKeptMax) {
      this.#routes.set(topic, route);
      this.#recipientsKept += recipientsIn(route);
    }
    return route;
  }

  /**
   * Hands the publication to all whom the route names: sinks first. Where one of them refuses at once nobody gets it, since
   * the publisher will send it again. Answers how many receipts will come to `waiter` under `tag`.
   */
  publish(route: Route, publication: Publication, waiter: ReceiptWaiter, tag: number): number {
    let receipts = 0;
    for (const destination of route.destinations) {
      if (destination.admit(publication, waiter, tag)) receipts++;
    }
    if (receipts > 0 && waiter.failed?.(tag) === true) return receipts;
    const { recipients, groups } = route;
    const several = recipients.length > 1;
    for (let i = 0; i < recipients.length; i++) {
      const recipient = recipients[i];
      const isOwn = recipient.noLocal && recipient.session.clientId === publication.publisher;
      const subscription = isOwn ? recipient.ofOwn : recipient;
      if (subscription === undefined) continue;
      const retain = subscription.retainAsPublished && publication.retain;
      if (publication.qos === 2 && recipient.session.link?.acknowledger === waiter)
        this.#deliverer.deliverBehind(subscription, publication, retain, several);
      else this.#deliverer.deliver(subscription, publication, retain, several);
    }
    for (let i = 0; i < groups.length; i++) {
      const member = groups[i].pick(publication);
      if (member !== undefined) this.#deliverer.deliverToMember(member, publication);
    }
    if (this.#deliverer.takeStored()) {
      this.#log.wait(waiter, tag);
      receipts++;
    }
    return receipts;
  }

  #forget(): void {
    this.#version++;
    if (this.#routes.size > 0) this.#clear();
  }

  #clear(): void {
    this.#routes.clear();
    this.#recipientsKept = 0;
  }
}

/** Topics whose routes are kept; beyond it all are forgotten and found again as they are needed. */
const routesMax = 20_000;
/** Likewise, so that many clients that listen to everything do not fill the memory with the same list for each topic. */
const recipientsKeptMax = 1_000_000;
/** Routes of longer topics are found anew each time, so that what is kept stays small. */
const topicLengthKeptMax = 1_024;

function isSystem(filter: string): boolean {
  return filter.startsWith('$SYS');
}

/**
 * Where filters of one client overlap it gets one copy, at the highest QoS of them [MQTT-3.3.4-2]. A topic may match a thousand
 * of them: what each adds is added once.
 */
function onePerSession(matching: readonly Subscription[]): readonly Recipient[] {
  const bySession = new Map<Session, Subscription | Subscription[]>();
  for (const subscription of matching) {
    const others = bySession.get(subscription.session);
    if (others === undefined) bySession.set(subscription.session, subscription);
    else if (Array.isArray(others)) others.push(subscription);
    else bySession.set(subscription.session, [others, subscription]);
  }
  return Array.from(bySession.values(), (each) => (Array.isArray(each) ? mergeWithOwn(each) : each));
}

function mergeWithOwn(subscriptions: readonly Subscription[]): Recipient {
  const merged = merge(subscriptions);
  if (!merged.noLocal) return merged;
  const ofOwn = subscriptions.filter(({ noLocal }) => !noLocal);
  return { ...merged, ofOwn: ofOwn.length === 0 ? undefined : merge(ofOwn) };
}

function merge(subscriptions: readonly Subscription[]): Subscription {
  const identifiers = subscriptions.flatMap((each) => each.identifiers ?? []);
  return {
    ...subscriptions[0],
    qos: Math.max(...subscriptions.map(({ qos }) => qos)) as QoS,
    noLocal: subscriptions.some(({ noLocal }) => noLocal),
    retainAsPublished: subscriptions.some(({ retainAsPublished }) => retainAsPublished),
    identifiers: identifiers.length > 0 ? identifiers : undefined,
  };
}

/** Recipients, and the Subscription Identifiers that go with them, of which one may have a thousand. */
function recipientsIn({ recipients }: Route): number {
  let count = recipients.length;
  for (const { identifiers } of recipients) count += identifiers?.length ?? 0;
  return count;
}
