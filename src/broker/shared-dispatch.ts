import { userProperty } from '../message.ts';
import type { Publication } from './publication.ts';
import type { Session, Subscription } from './session.ts';

/** How a group picks the member for a message. */
export type SharedDispatch = 'least_inflight' | 'round_robin' | 'random' | 'sticky';

/** One client in a group. */
export interface SharedMember {
  /** Replaced where the client subscribes to the same filter again. */
  subscription: Subscription;
  /** Of its client id. */
  readonly hash: number;
}

/** Whether a member can have the message. */
export type Fitness = (member: SharedMember, publication: Publication) => boolean;

/**
 * The position of the first fit member from `start` on, or of the lightest among the first `compared` of them; where none
 * is fit, of the lightest of all that were looked at. Ties go to the one that comes first, so that idle members take turns.
 */
export function search(
  members: readonly SharedMember[],
  start: number,
  compared: number,
  publication: Publication,
  isFit: Fitness,
): number {
  let best = start;
  let bestIsFit = isFit(members[start], publication);
  const steps = Math.min(members.length, searchedMax);
  for (let step = 1; step < steps && !(bestIsFit && step >= compared); step++) {
    const at = (start + step) % members.length;
    const fit = isFit(members[at], publication);
    const isBetter = fit === bestIsFit ? isLighter(members[at], members[best]) : fit;
    if (!isBetter) continue;
    best = at;
    bestIsFit = fit;
  }
  return best;
}

/**
 * The position of the member that a key belongs to: the one whose hash together with the key's is highest, so that a member
 * that comes or goes moves only the keys that it takes or leaves behind.
 */
export function owner(members: readonly SharedMember[], publication: Publication, isFit: Fitness): number {
  const key = hashOf(userProperty(publication, keyProperty) ?? publication.topic);
  let best = 0;
  let highest = -1;
  for (let at = 0; at < members.length; at++) {
    const score = mixed(key ^ members[at].hash);
    if (score <= highest || !isFit(members[at], publication)) continue;
    best = at;
    highest = score;
  }
  return best;
}

/** Fewer QoS 1 and 2 messages first, then less unsent output. */
function isLighter({ subscription: a }: SharedMember, { subscription: b }: SharedMember): boolean {
  const difference = owedBy(a.session) - owedBy(b.session);
  if (difference !== 0) return difference < 0;
  return (a.session.link?.transport.bufferedBytes ?? 0) < (b.session.link?.transport.bufferedBytes ?? 0);
}

/** In memory and on disk: the part that is on disk alone is what makes a session full. */
function owedBy({ inflight, waiting, stored }: Session): number {
  return Math.max(inflight.size + waiting.size, stored?.messages ?? 0);
}

/** FNV-1a over UTF-16 units. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** The finalizer of MurmurHash3: every bit of the input moves every bit of the answer. Unsigned. */
function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The user property that says which messages belong together. */
const keyProperty = 'sluice-key';
/** Members that are looked at for one message, where the group is larger and none has room. */
const searchedMax = 1_024;
