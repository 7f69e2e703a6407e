import { userProperty } from '../message.ts';
import { hashOf, ownerOf } from '../std/hash.ts';
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

/** The position of the member that the message's key belongs to. */
export function owner(members: readonly SharedMember[], publication: Publication, isFit: Fitness): number {
  const key = hashOf(userProperty(publication, keyProperty) ?? publication.topic);
  const member = ownerOf(members, key, (each) => isFit(each, publication));
  return member === undefined ? 0 : members.indexOf(member);
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

/** The user property that says which messages belong together. */
const keyProperty = 'sluice-key';
/** Members that are looked at for one message, where the group is larger and none has room. */
const searchedMax = 1_024;
