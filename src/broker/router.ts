import type { Destination, MessageSink, QoS, ReceiptWaiter } from '../message.ts';
import { FilterIndex } from '../mqtt/topics/filter-index.ts';
import type { Deliverer } from './delivery.ts';
import type { Publication } from './publication.ts';
import type { Session, Subscription } from './session.ts';
import type { SessionLog } from './session-log.ts';

/** Everyone whom a topic concerns. Kept by topic until a subscription or a binding changes. */
export interface Route {
  readonly topic: string;
  readonly version: number;
  /** One per session, overlapping ones merged. */
  readonly subscriptions: readonly Subscription[];
  readonly destinations: readonly Destination[];
}

/** Matching sessions and sinks for every publish. */
export class Router {
  readonly #index = new FilterIndex<Subscription>();
  readonly #sinks: MessageSink[] = [];
  readonly #routes = new Map<string, Route>();
  readonly #deliverer: Deliverer;
  readonly #log: SessionLog;
  #version = 0;
  #systemSubscriptions = 0;

  constructor(deliverer: Deliverer, log: SessionLog) {
    this.#deliverer = deliverer;
    this.#log = log;
  }

  /** Changes whenever routes that were handed out may no longer hold. */
  get version(): number {
    return this.#version;
  }

  get subscriptionCount(): number {
    return this.#index.size;
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
    if (this.#index.add(subscription.filter, subscription) && isSystem(subscription)) this.#systemSubscriptions++;
    this.#forget();
  }

  unsubscribe(subscription: Subscription): void {
    if (this.#index.remove(subscription.filter, subscription) && isSystem(subscription)) this.#systemSubscriptions--;
    this.#forget();
  }

  route(topic: string): Route {
    const known = this.#routes.get(topic);
    if (known !== undefined) return known;
    if (this.#routes.size >= routesMax) this.#routes.clear();
    const matching: Subscription[] = [];
    this.#index.match(topic, matching);
    const destinations: Destination[] = [];
    for (const sink of this.#sinks) {
      const destination = sink.route(topic);
      if (destination !== undefined) destinations.push(destination);
    }
    const route = { topic, version: this.#version, subscriptions: onePerSession(matching), destinations };
    if (topic.length <= topicLengthKeptMax) this.#routes.set(topic, route);
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
    const subscriptions = route.subscriptions;
    const shared = subscriptions.length > 1;
    for (let i = 0; i < subscriptions.length; i++) {
      const subscription = subscriptions[i];
      if (subscription.noLocal && subscription.session.clientId === publication.publisher) continue;
      this.#deliverer.deliver(subscription, publication, subscription.retainAsPublished && publication.retain, shared);
    }
    if (this.#deliverer.takeStored()) {
      this.#log.wait(waiter, tag);
      receipts++;
    }
    return receipts;
  }

  #forget(): void {
    this.#version++;
    if (this.#routes.size > 0) this.#routes.clear();
  }
}

/** Topics whose routes are kept; beyond it all are forgotten and found again as they are needed. */
const routesMax = 20_000;
/** Routes of longer topics are found anew each time, so that what is kept stays small. */
const topicLengthKeptMax = 1_024;

function isSystem({ filter }: Subscription): boolean {
  return filter.startsWith('$SYS');
}

/** Where filters of one client overlap it gets one copy, at the highest QoS of them [MQTT-3.3.4-2]. */
function onePerSession(matching: readonly Subscription[]): readonly Subscription[] {
  const merged = new Map<Session, Subscription>();
  for (const subscription of matching) {
    const other = merged.get(subscription.session);
    merged.set(subscription.session, other === undefined ? subscription : merge(other, subscription));
  }
  return [...merged.values()];
}

function merge(a: Subscription, b: Subscription): Subscription {
  const identifiers = [...(a.identifiers ?? []), ...(b.identifiers ?? [])];
  return {
    ...a,
    qos: Math.max(a.qos, b.qos) as QoS,
    noLocal: a.noLocal && b.noLocal,
    retainAsPublished: a.retainAsPublished || b.retainAsPublished,
    identifiers: identifiers.length > 0 ? identifiers : undefined,
  };
}
