import { SluiceError } from '../errors.ts';
import type { UserProperty } from '../message.ts';
import { type GroupStart, parseGroupStart } from './group-start.ts';
import { quote } from './queue-name.ts';

/** What a client consumes by subscribing: a queue by name or by what is bound to it, or a log as one of a group. */
export type SourceFilter =
  | { readonly form: 'queue'; readonly name: string }
  | { readonly form: 'bound'; readonly filter: string }
  | { readonly form: 'stream'; readonly name: string; readonly group: string };

const byName = '$queue/';
const byFilter = '$q/';
const byGroup = '$stream/';

export function isSourceFilter(filter: string): boolean {
  return filter.startsWith(byName) || filter.startsWith(byFilter) || filter.startsWith(byGroup);
}

/** Throws `invalid_filter` where it is none, or a stream without a group. */
export function parseSourceFilter(filter: string): SourceFilter {
  if (filter.startsWith(byName)) return { form: 'queue', name: filter.slice(byName.length) };
  if (filter.startsWith(byFilter)) return { form: 'bound', filter: filter.slice(byFilter.length) };
  const [name, group, ...more] = filter.slice(byGroup.length).split('/');
  if (filter.startsWith(byGroup) && group !== undefined && more.length === 0) return { form: 'stream', name, group };
  throw new SluiceError('invalid_filter', `Cannot consume "${filter}": expected $stream/<log>/<group>`);
}

/** The user property `start` of a SUBSCRIBE. Throws `invalid_argument` where it is no place to start at. */
export function startIn(properties: readonly UserProperty[] | undefined): GroupStart | undefined {
  const given = properties?.find(([name]) => name === 'start')?.[1];
  if (given === undefined) return undefined;
  const start = parseGroupStart(given);
  if (start !== undefined) return start;
  throw new SluiceError(
    'invalid_argument',
    `Cannot start at ${quote(given)}: start takes earliest, latest, a sequence in digits, or a time such as 2026-01-31T12:00:00Z`,
  );
}
