import { createHash } from 'node:crypto';
import { SluiceError } from '../errors.ts';
import { filterMatches } from '../mqtt/topics/match.ts';
import { topicFilterProblem } from '../mqtt/topics/names.ts';
import { normalised } from '../queues/dead-letters.ts';
import type { StoredMessage } from '../queues/engine.ts';
import type { MessageFilter } from '../queues/move-spec.ts';

/** Undefined where every message is meant. Throws `invalid_filter` for a topic filter that is none. */
export function messageMatch(filter: MessageFilter): ((stored: StoredMessage) => boolean) | undefined {
  const { topic, code, fingerprint } = filter;
  const problem = topic === undefined ? undefined : topicFilterProblem(topic);
  if (problem !== undefined) throw new SluiceError('invalid_filter', problem);
  const tests: ((stored: StoredMessage) => boolean)[] = [];
  if (filter.sequences !== undefined) {
    const sequences = new Set(filter.sequences);
    tests.push((stored) => sequences.has(stored.sequence));
  }
  if (topic !== undefined) tests.push((stored) => filterMatches(topic, stored.message.topic));
  if (code !== undefined) tests.push((stored) => stored.death?.code === code);
  if (fingerprint !== undefined) tests.push((stored) => fingerprintOf(stored) === fingerprint);
  return tests.length === 0 ? undefined : (stored) => tests.every((test) => test(stored));
}

/** The group that `deadLetterGroups` puts it into, which makes a fingerprint where the death brought none. */
function fingerprintOf({ death }: StoredMessage): string | undefined {
  if (death === undefined) return undefined;
  const header = (name: string): string | undefined => death.headers.find(([key]) => key === name)?.[1];
  const made = [death.code, header('stage') ?? '', header('driver') ?? '', normalised(death.reason)].join('\n');
  return header('fingerprint') ?? createHash('sha256').update(made).digest('hex').slice(0, 16);
}
