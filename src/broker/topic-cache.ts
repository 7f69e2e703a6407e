import type { Access, Identity } from '../access/access.ts';
import { publishedTopic } from '../access/thingsboard-topics.ts';
import type { ChildDevice } from '../message.ts';
import { decodeTopicName } from '../mqtt/codec/decode-publish.ts';
import { MalformedPacket } from '../mqtt/codec/malformed.ts';
import { levelsProblem, topicNameProblem } from '../mqtt/topics/names.ts';
import { isAt, type Named, type NamePlaces, RecentNames } from './recent-names.ts';
import type { Route, Router } from './router.ts';

/** What is known of a topic that this connection publishes to. */
export interface KnownTopic {
  readonly topic: string;
  /** What is wrong with it, for a topic that cannot be published to. */
  readonly problem: string | undefined;
  readonly allowed: boolean;
  route: Route;
}

/** The same with its bytes as they stand in a packet, where it may have another name. */
interface LearntTopic extends Named {
  readonly known: KnownTopic;
}

/** What the connection's identity means for topics. */
export interface TopicRights {
  /** The topic with the identity's own name where it says `me`. */
  ownTopic(topic: string): string;
  mayPublish(topic: string, child?: ChildDevice): boolean;
}

export function topicRights(access: Access, identity: Identity, clientId: string): TopicRights {
  return {
    ownTopic: (topic) => publishedTopic(identity, topic),
    mayPublish: (topic, child) => access.mayPublish(identity, clientId, topic, child),
  };
}

/**
 * A connection mostly publishes to one topic or to a few: comparing the bytes with the last one, and with some before it, is
 * cheaper than decoding, checking rights and matching again. For one topic nothing but that one is kept, nor where all connections
 * together remember as many as there are places for.
 */
export class TopicCache {
  readonly #router: Router;
  readonly #rights: TopicRights;
  readonly #levelsMax: number;
  readonly #places: NamePlaces;
  #isOver = false;
  #last: LearntTopic | undefined;
  /** The last one among them, unless it is too long; made for the second one. */
  #recent: RecentNames<LearntTopic> | undefined;

  constructor(router: Router, rights: TopicRights, levelsMax: number, places: NamePlaces) {
    this.#router = router;
    this.#rights = rights;
    this.#levelsMax = levelsMax;
    this.#places = places;
  }

  /** Throws MalformedPacket where the bytes are not a topic name. */
  resolve(buffer: Buffer, start: number, end: number): KnownTopic {
    const last = this.#last;
    if (last !== undefined && isAt(last.bytes, buffer, start, end)) return this.refresh(last.known);
    const found = this.#recent?.find(buffer, start, end);
    if (found === undefined) return this.#learn(buffer, start, end);
    this.#follow(found);
    return this.refresh(found.known);
  }

  /** The same topic with the route that holds now. */
  refresh(known: KnownTopic): KnownTopic {
    if (known.route.version !== this.#router.version) known.route = this.#router.route(known.topic);
    return known;
  }

  /** Remembers none but the last from now on: its places are for others. */
  end(): void {
    this.#isOver = true;
    this.#places.giveBack(this.#recent?.size ?? 0);
    this.#recent = undefined;
  }

  #learn(buffer: Buffer, start: number, end: number): KnownTopic {
    const asked = decodeTopicName(buffer, start, end);
    const tooDeep = levelsProblem(asked, 'topic name');
    if (tooDeep !== undefined) throw new MalformedPacket(0x82, tooDeep, 'section 4.7.3');
    const topic = this.#rights.ownTopic(asked);
    // Asked of the name that the message will have: `me` may stand for a longer one.
    const problem = topicNameProblem(topic, this.#levelsMax);
    const allowed = problem === undefined && this.#rights.mayPublish(topic);
    const known = { topic, problem, allowed, route: this.#router.route(topic) };
    this.#remember({ bytes: copied(buffer, start, end), known });
    return known;
  }

  #remember(learnt: LearntTopic): void {
    const before = this.#last;
    this.#follow(learnt);
    if (before === undefined || this.#isOver) return;
    if (this.#recent === undefined) this.#keep(before);
    this.#keep(learnt);
  }

  /** Of the one before only a short route stays: a list of everybody is the router's to keep, or to find again. */
  #follow(learnt: LearntTopic): void {
    const before = this.#last?.known;
    this.#last = learnt;
    if (before !== undefined && before.route.recipients.length + before.route.groups.length > recentRecipientsMax)
      before.route = toBeFound;
  }

  #keep(learnt: LearntTopic): void {
    if (learnt.bytes.length > recentBytesMax || !(this.#recent?.isFull || this.#places.take())) return;
    this.#recent ??= new RecentNames();
    this.#recent.add(learnt);
  }
}

/** Longer names, and routes to more, are kept of the last topic alone. */
const recentBytesMax = 256;
const recentRecipientsMax = 16;

/** Of no version that a router has. */
const toBeFound: Route = { topic: '', version: -1, recipients: [], groups: [], destinations: [] };

/** Byte by byte into memory of its own: of a pooled buffer all 8 KiB would stay as long as the name. */
function copied(buffer: Buffer, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  for (let i = 0; i < bytes.length; i++) bytes[i] = buffer[start + i];
  return bytes;
}
