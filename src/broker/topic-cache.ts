import type { Access, Identity } from '../access/access.ts';
import { publishedTopic } from '../access/thingsboard-topics.ts';
import type { ChildDevice } from '../message.ts';
import { decodeTopicName } from '../mqtt/codec/decode-publish.ts';
import { topicNameProblem } from '../mqtt/topics/names.ts';
import type { Route, Router } from './router.ts';

/** What is known of a topic that this connection publishes to. */
export interface KnownTopic {
  readonly topic: string;
  /** What is wrong with it, for a topic that cannot be published to. */
  readonly problem: string | undefined;
  readonly allowed: boolean;
  route: Route;
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
 * A connection mostly publishes to few topics: comparing the bytes with the last one is cheaper than decoding, checking
 * rights and matching again. One entry, so it needs no bound of its own.
 */
export class TopicCache {
  readonly #router: Router;
  readonly #rights: TopicRights;
  readonly #levelsMax: number;
  #bytes: Buffer | undefined;
  #known: KnownTopic | undefined;

  constructor(router: Router, rights: TopicRights, levelsMax: number) {
    this.#router = router;
    this.#rights = rights;
    this.#levelsMax = levelsMax;
  }

  /** Throws MalformedPacket where the bytes are not a topic name. */
  resolve(buffer: Buffer, start: number, end: number): KnownTopic {
    const known = this.#known;
    if (known === undefined || !this.#isLast(buffer, start, end)) return this.#learn(buffer, start, end);
    return this.refresh(known);
  }

  /** The same topic with the route that holds now. */
  refresh(known: KnownTopic): KnownTopic {
    if (known.route.version !== this.#router.version) known.route = this.#router.route(known.topic);
    return known;
  }

  #isLast(buffer: Buffer, start: number, end: number): boolean {
    const bytes = this.#bytes;
    if (bytes?.length !== end - start) return false;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== buffer[start + i]) return false;
    return true;
  }

  #learn(buffer: Buffer, start: number, end: number): KnownTopic {
    const topic = this.#rights.ownTopic(decodeTopicName(buffer, start, end));
    this.#bytes = Buffer.from(buffer.subarray(start, end));
    // Asked of the name that the message will have: `me` may stand for a longer one.
    const problem = topicNameProblem(topic, this.#levelsMax);
    const allowed = problem === undefined && this.#rights.mayPublish(topic);
    this.#known = { topic, problem, allowed, route: this.#router.route(topic) };
    return this.#known;
  }
}
