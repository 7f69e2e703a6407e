import type { Identity } from '../access/access.ts';
import type { QoS, ReceiptWaiter, UserProperty } from '../message.ts';
import type { ProtocolVersion, SubscriptionRequest, Will } from '../mqtt/codec/packets.ts';
import type { Deadline } from '../std/deadline-heap.ts';
import { Deque } from '../std/deque.ts';
import { LazyMap } from '../std/lazy-map.ts';
import type { AliasesOut } from './aliases-out.ts';
import type { Congestion } from './congestion.ts';
import { Inflight } from './inflight.ts';
import type { Outgoing } from './outgoing.ts';
import type { ReceivedMessage } from './received-message.ts';
import type { RetainedScan } from './retained-scan.ts';
import { StoredLine } from './stored-line.ts';
import type { Transport } from './transport.ts';

/** What a session needs of the connection that carries it now. */
export interface SessionLink {
  readonly transport: Transport;
  readonly version: ProtocolVersion;
  /** Most QoS 1 and 2 messages that may be unacknowledged towards the client. */
  readonly window: number;
  /** The client's Maximum Packet Size; infinite where it named none. */
  readonly packetBytesMax: number;
  /** Where the client takes topic aliases. */
  readonly aliasesOut: AliasesOut | undefined;
  readonly congestion: Congestion;
  /** Who waits for the receipts of what the client publishes over it at QoS 1 and 2. */
  readonly acknowledger: ReceiptWaiter;
  /** Nothing waits any more, and there is room. */
  caughtUp(): void;
  /** Whether the client may read the topic, by what holds now. */
  mayRead(topic: string): boolean;
  /** Of two connections with one client id the one with the higher number came later. */
  readonly arrival: number;
  /** Ends the connection because the same client id connected elsewhere. */
  takenOver(): void;
  /** Ends the connection because an operator, or the end of the platform, says so. */
  shutDown(reasonCode: number): void;
}

export interface Subscription extends SubscriptionRequest {
  readonly session: Session;
  /** Subscription Identifiers to send along; several where subscriptions of one session overlap. */
  readonly identifiers: readonly number[] | undefined;
}

/** A subscription to a queue, and what the client said with it. */
export interface QueueRequest extends Subscription {
  readonly properties?: readonly UserProperty[];
}

/** The retained messages that a new subscription is still to be greeted with. */
export interface Greeting {
  readonly filter: string;
  /** Absent until it can begin. */
  scan: RetainedScan | undefined;
}

/** Of the filter, and of the user properties that are kept with it. */
export function charactersOf({ filter, properties = [] }: Pick<QueueRequest, 'filter' | 'properties'>): number {
  return properties.reduce((sum, [name, value]) => sum + name.length + value.length, filter.length);
}

/** What the broker keeps for one client id, connected or not. */
export class Session implements Deadline {
  readonly clientId: string;
  /** The identity that opened it, as `kind:name`: nobody else takes it up. */
  readonly owner: string;
  readonly subscriptions = new Map<string, Subscription>();
  /** Subscriptions to queues, by the filter asked for: opened again when a kept session is taken up. */
  readonly queueRequests = new LazyMap<string, QueueRequest>();
  /** Sent and not acknowledged, by packet id. */
  readonly inflight = new Inflight();
  /** Owed, in memory and not sent yet: the window is full or the socket is slow. What a client that is away is owed lies on disk alone. */
  readonly waiting = new Deque<Outgoing>();
  waitingBytes = 0;
  /** QoS 2 messages from the client, by packet id, until they are released [MQTT-4.3.3-10]. */
  readonly received = new LazyMap<number, ReceivedMessage>();
  link: SessionLink | undefined;
  /** Seconds after the end of the connection; 0 ends the session with it, infinite keeps it. */
  expiryInterval: number;
  /** When the last connection ended, epoch milliseconds; absent while there is one. */
  endedAt: number | undefined;
  will: Will | undefined;
  /** Who the will is of, where it is to be retained. */
  willSource: string | undefined;
  /** By filter: subscribing to it again begins anew. Absent where nothing is left. */
  greetings: Map<string, Greeting> | undefined;
  /** What it owes on disk. Present from the moment on in which the session was to outlive its connection, to its end. */
  stored: StoredLine | undefined;
  deadline = 0;
  heapIndex = -1;
  #lastSequence = 0;
  #filterCharacters = 0;

  constructor(clientId: string, owner: string, expiryInterval: number) {
    this.clientId = clientId;
    this.owner = owner;
    this.expiryInterval = expiryInterval;
  }

  /** Has its messages on disk from now on. */
  keep(): StoredLine {
    this.stored ??= new StoredLine();
    return this.stored;
  }

  /** Goes on behind what was given out before a restart. */
  continueFrom(sequence: number): void {
    this.#lastSequence = sequence;
  }

  /** The last sequence that was given out. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  get persistent(): boolean {
    return this.expiryInterval > 0;
  }

  /** Of all filters that it is subscribed to, together, and of what it said of its queues. */
  get filterCharacters(): number {
    return this.#filterCharacters;
  }

  /** In place of one with the same filter. */
  subscribe(subscription: Subscription): void {
    if (!this.subscriptions.has(subscription.filter)) this.#filterCharacters += subscription.filter.length;
    this.subscriptions.set(subscription.filter, subscription);
  }

  /** Is not subscribed to the filter any more; nor is it greeted with what is left of it. */
  unsubscribe(filter: string): void {
    if (this.subscriptions.delete(filter)) this.#filterCharacters -= filter.length;
    this.greetings?.delete(filter);
  }

  /** In place of one with the same filter. */
  keepQueueRequest(request: QueueRequest): void {
    const known = this.queueRequests.get(request.filter);
    this.#filterCharacters += charactersOf(request) - (known === undefined ? 0 : charactersOf(known));
    this.queueRequests.set(request.filter, request);
  }

  forgetQueueRequest(filter: string): void {
    const known = this.queueRequests.get(filter);
    if (known === undefined) return;
    this.#filterCharacters -= charactersOf(known);
    this.queueRequests.delete(filter);
  }

  /** Waits from now on; `first` before all others. */
  wait(outgoing: Outgoing, first = false): void {
    if (first) this.waiting.unshift(outgoing);
    else this.waiting.push(outgoing);
    this.waitingBytes += outgoing.bytes;
  }

  /** The next that waits, which it does no more. */
  next(): Outgoing | undefined {
    const outgoing = this.waiting.shift();
    if (outgoing !== undefined) this.waitingBytes -= outgoing.bytes;
    return outgoing;
  }

  /** Takes everything that waits. */
  takeWaiting(): Outgoing[] {
    const waiting = [...this.waiting];
    this.waiting.clear();
    this.waitingBytes = 0;
    return waiting;
  }

  /** The next place in the order of what the session owes; its packet id follows from it. */
  takeSequence(): number {
    return ++this.#lastSequence;
  }

  /** A sequence whose packet id is not in use. The window is smaller than the packet ids are many, so there is always one. */
  takeFreeSequence(): number {
    while (this.inflight.has(packetIdOf(++this.#lastSequence)));
    return this.#lastSequence;
  }
}

/**
 * The packet id of a message, from its place in the session, which counts from 1: a stored message has the same one whenever it is sent, also
 * after a restart [MQTT-4.4.0-1], and none needs to be stored.
 */
export function packetIdOf(sequence: number): number {
  return 1 + ((sequence - 1) % 0xffff);
}

/** Whose sessions those of an identity are. */
export function ownerOf({ kind, name }: Identity): string {
  return `${kind}:${name}`;
}

export function lowerQos(a: QoS, b: QoS): QoS {
  return a < b ? a : b;
}
