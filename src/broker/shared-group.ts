import { hashOf } from '../std/hash.ts';
import type { Deliverer } from './delivery.ts';
import type { Publication } from './publication.ts';
import type { Subscription } from './session.ts';
import { type Fitness, owner, type SharedDispatch, type SharedMember, search } from './shared-dispatch.ts';

/**
 * The clients that share one subscription: each message goes to one of them [MQTT-4.8.2-1]. Connected members come first,
 * those with room before those without; a member that is away keeps a message only while nobody is connected.
 */
export class SharedGroup {
  readonly #dispatch: SharedDispatch;
  readonly #random: () => number;
  readonly #connected: SharedMember[] = [];
  readonly #away: SharedMember[] = [];
  readonly #hasRoom: Fitness;
  readonly #canKeep: Fitness;
  readonly #takesIfAway: Fitness;
  /** Where the next search among the connected, and among those away, begins. */
  #turn = 0;
  #awayTurn = 0;

  constructor(dispatch: SharedDispatch, random: () => number, deliverer: Deliverer) {
    this.#dispatch = dispatch;
    this.#random = random;
    this.#hasRoom = ({ subscription }) => deliverer.hasRoom(subscription.session);
    this.#canKeep = ({ subscription }, publication) => deliverer.canKeep(subscription.session, publication);
    this.#takesIfAway = (member, publication) => member.subscription.qos > 0 && this.#canKeep(member, publication);
  }

  get size(): number {
    return this.#connected.length + this.#away.length;
  }

  join(subscription: Subscription): void {
    this.#place(subscription.session.link).push({ subscription, hash: hashOf(subscription.session.clientId) });
  }

  /** False where it was no member. */
  leave(subscription: Subscription): boolean {
    return (take(this.#connected, subscription) ?? take(this.#away, subscription)) !== undefined;
  }

  /** The same client with other options: it keeps its place. */
  replace(known: Subscription, subscription: Subscription): void {
    const member = [...this.#connected, ...this.#away].find((candidate) => candidate.subscription === known);
    if (member !== undefined) member.subscription = subscription;
  }

  /** The member's client came or went. */
  moved(subscription: Subscription): void {
    const member = take(this.#connected, subscription) ?? take(this.#away, subscription);
    if (member !== undefined) this.#place(subscription.session.link).push(member);
  }

  /** Whose turn it is; undefined where nobody is there. */
  pick(publication: Publication): Subscription | undefined {
    return this.pickConnected(publication) ?? this.#pickAway(publication);
  }

  pickConnected(publication: Publication): Subscription | undefined {
    const members = this.#connected;
    if (members.length === 0) return undefined;
    // A key stays with its member, also where that one is busy: its messages would overtake each other otherwise.
    if (this.#dispatch === 'sticky') return members[owner(members, publication, this.#canKeep)].subscription;
    const start = this.#dispatch === 'random' ? this.#random() * members.length : this.#turn;
    const compared = this.#dispatch === 'least_inflight' ? comparedMax : 1;
    const at = search(members, Math.floor(start) % members.length, compared, publication, this.#hasRoom);
    this.#turn = at + 1;
    return members[at].subscription;
  }

  #pickAway(publication: Publication): Subscription | undefined {
    const members = this.#away;
    if (members.length === 0) return undefined;
    if (this.#dispatch === 'sticky') return members[owner(members, publication, this.#takesIfAway)].subscription;
    const at = search(members, this.#awayTurn % members.length, 1, publication, this.#takesIfAway);
    this.#awayTurn = at + 1;
    return members[at].subscription;
  }

  #place(link: unknown): SharedMember[] {
    return link === undefined ? this.#away : this.#connected;
  }
}

function take(members: SharedMember[], subscription: Subscription): SharedMember | undefined {
  const at = members.findIndex((member) => member.subscription === subscription);
  return at < 0 ? undefined : members.splice(at, 1)[0];
}

/** Members with room that are compared for one message by `least_inflight`; in a larger group the next as many, in turn. */
const comparedMax = 64;
