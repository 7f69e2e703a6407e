import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../errors.ts';
import { userProperty } from '../message.ts';
import { filterMatches } from '../mqtt/topics/match.ts';
import { topicFilterProblem } from '../mqtt/topics/names.ts';
import type { JsonValue } from '../std/json.ts';
import { fingerprintOf } from './causes/cause.ts';
import { otherFingerprint } from './causes/cause-book.ts';
import type { MessageMatch } from './engine.ts';
import { type JsonPath, parseJsonPath, valueAt } from './json-path.ts';
import type { MessageFilter } from './move-spec.ts';

export const filterSequencesMax = 10_000;
/** Headers, and paths of the payload, that one filter names. */
export const filterTestsMax = 32;

type Present<K extends keyof MessageFilter> = Exclude<MessageFilter[K], undefined>;
type TestMakers = { readonly [K in keyof Required<MessageFilter>]: (given: Present<K>, now: number) => MessageMatch };

/** One row a condition; the cheap ones first, because the first that does not hold ends the looking. */
const makers: TestMakers = {
  sequences: (given) => {
    refuseMore('sequences', given.length, filterSequencesMax);
    const sequences = new Set(given);
    return ({ sequence }) => sequences.has(sequence);
  },
  fromSequence:
    (from) =>
    ({ sequence }) =>
      sequence >= from,
  toSequence:
    (to) =>
    ({ sequence }) =>
      sequence <= to,
  minAgeMs:
    (ms, now) =>
    ({ enqueuedAt }) =>
      now - enqueuedAt >= ms,
  maxAgeMs:
    (ms, now) =>
    ({ enqueuedAt }) =>
      now - enqueuedAt <= ms,
  topic: (filter) => {
    const problem = topicFilterProblem(filter);
    if (problem !== undefined) throw new SluiceError('invalid_filter', problem);
    return ({ message }) => filterMatches(filter, message.topic);
  },
  code:
    (code) =>
    ({ death }) =>
      death?.code === code,
  fingerprint: (fingerprint) => (stored, counted) =>
    fingerprintOf(stored.death) === fingerprint || (fingerprint === otherFingerprint && counted.isInOther(stored)),
  headers: (headers) => {
    const wanted = Object.entries(headers);
    refuseMore('headers', wanted.length, filterTestsMax);
    return ({ message }) => wanted.every(([name, value]) => userProperty(message, name) === value);
  },
  payload: (values) => {
    const wanted = Object.entries(values).map(([path, value]): [JsonPath, JsonValue] => [pathOf(path), value]);
    refuseMore('paths', wanted.length, filterTestsMax);
    return ({ message }) => {
      const met = parsed(message.payload);
      return met !== undefined && wanted.every(([path, value]) => isDeepStrictEqual(valueAt(met, path), value));
    };
  },
};

/**
 * The filter as a function; undefined where every message is meant. `now`: when the move began. Throws `invalid_filter` for a
 * topic filter that is none and `invalid_argument` for a path that is none.
 */
export function compileFilter(filter: MessageFilter, now: number): MessageMatch | undefined {
  const tests: MessageMatch[] = [];
  for (const name of Object.keys(makers) as (keyof MessageFilter)[]) {
    const given = filter[name];
    if (given !== undefined) tests.push((makers[name] as (given: unknown, now: number) => MessageMatch)(given, now));
  }
  return tests.length === 0 ? undefined : (stored, counted) => tests.every((test) => test(stored, counted));
}

function pathOf(text: string): JsonPath {
  const path = parseJsonPath(text);
  if (path !== undefined) return path;
  throw new SluiceError('invalid_argument', `Give a path as $.a.b[0]: met ${JSON.stringify(text)}`);
}

/** Undefined where the payload is no JSON, which has no value at any path. */
function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch (problem) {
    if (problem instanceof SyntaxError) return undefined;
    throw problem;
  }
}

function refuseMore(what: string, met: number, most: number): void {
  if (met <= most) return;
  throw new SluiceError('invalid_argument', `Name at most ${most} ${what} in a filter: met ${met}`);
}
