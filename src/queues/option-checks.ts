import { parseShared, topicFilterProblem } from '../mqtt/topics/names.ts';
import { isJsonObject } from '../std/json.ts';
import { parseGroupStart } from './group-start.ts';
import { keyExpressionProblem } from './key-expression.ts';
import type { QueueOptionRow } from './option-rows.ts';
import type { Binding, BindingHeaders } from './options.ts';
import { queueNameProblem, quote } from './queue-name.ts';

/** Most bindings of one queue. */
export const bindingsMax = 1_000;
/** Most user properties that one binding asks for, and the longest name or value of one, in characters. */
export const bindingHeadersMax = 32;
const headerCharactersMax = 1_024;
/** Most delays in a list. */
export const delaysMax = 100;

/** The value in its final form, or what was expected where it is none of the row's kind. */
export function checkOption(
  row: QueueOptionRow,
  value: unknown,
  queue: string,
): { readonly value: unknown } | { readonly expected: string } {
  const expected = checks[row.kind](value, row, queue);
  if (expected !== undefined) return { expected };
  return { value: row.kind === 'bindings' ? unique(value as readonly Binding[]) : value };
}

/** Each answers what was expected where the value is not that. */
const checks: Record<
  QueueOptionRow['kind'],
  (value: unknown, row: QueueOptionRow, queue: string) => string | undefined
> = {
  integer: (value, row) => (isInteger(value, row) ? undefined : `a whole number from ${range(row)}`),
  number: (value, row) =>
    typeof value === 'number' && Number.isFinite(value) && inRange(value, row)
      ? undefined
      : `a number from ${range(row)}`,
  boolean: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
  choice: (value, row) => (row.choices?.includes(value as string) ? undefined : `one of ${row.choices?.join(', ')}`),
  queue: (value, _row, queue) => {
    if (value === null || (queueNameProblem(value) === undefined && value !== queue)) return undefined;
    return 'the name of another queue, or null';
  },
  key: (value) => {
    const problem = value === null ? undefined : keyExpressionProblem(value);
    return problem === undefined ? undefined : `null or ${problem}`;
  },
  delays: (value, row) =>
    Array.isArray(value) && value.length <= delaysMax && value.every((delay) => isInteger(delay, row))
      ? undefined
      : `a list of at most ${delaysMax} whole numbers from ${range(row)}`,
  start: (value) =>
    typeof value === 'string' && parseGroupStart(value) !== undefined
      ? undefined
      : '"latest", "earliest", a sequence in digits or a time with its zone, as text',
  bindings: (value) => {
    if (!Array.isArray(value) || value.length > bindingsMax) return `a list of at most ${bindingsMax} bindings`;
    const wrong = value.map(bindingProblem).find((problem) => problem !== undefined);
    return wrong === undefined ? undefined : `a list of { filter, headers? } (${wrong})`;
  },
};

function bindingProblem(binding: unknown): string | undefined {
  if (!isJsonObject(binding) || typeof binding.filter !== 'string') return `${quote(binding)} has no filter`;
  const { filter, headers, ...others } = binding;
  const [other] = Object.keys(others);
  if (other !== undefined) return `"${other}" is not known`;
  if (parseShared(filter) !== undefined) return `"${filter}" is a shared subscription, which a queue replaces`;
  const problem = topicFilterProblem(filter);
  if (problem !== undefined) return `"${filter}": ${problem}`;
  if (headers === undefined) return undefined;
  return headersProblem(headers);
}

/** What is wrong with what a binding asks for beside its filter. */
export function headersProblem(headers: unknown): string | undefined {
  if (!isJsonObject(headers)) return `"headers" takes an object, not ${quote(headers)}`;
  const { match = 'all', ...asked } = headers;
  if (match !== 'all' && match !== 'any') return `"match" takes all or any, not ${quote(match)}`;
  const entries = Object.entries(asked);
  if (entries.length < 1 || entries.length > bindingHeadersMax)
    return `"headers" takes 1 to ${bindingHeadersMax} user properties beside "match"`;
  const wrong = entries.find((entry) => !entry.every(isHeaderText));
  return wrong && `"${wrong[0]}" takes a text of at most ${headerCharactersMax} characters, not ${quote(wrong[1])}`;
}

function isHeaderText(text: unknown): boolean {
  return typeof text === 'string' && text.length <= headerCharactersMax;
}

/** Each binding once, in one form. */
function unique(bindings: readonly Binding[]): readonly Binding[] {
  const forms = bindings.map(({ filter, headers }) =>
    JSON.stringify(headers === undefined ? { filter } : { filter, headers: sorted(headers) }),
  );
  return [...new Set(forms)].map((form) => JSON.parse(form));
}

function sorted({ match = 'all', ...asked }: Partial<BindingHeaders>): object {
  return { match, ...Object.fromEntries(Object.entries(asked).sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function isInteger(value: unknown, row: QueueOptionRow): boolean {
  return Number.isSafeInteger(value) && inRange(value as number, row);
}

function inRange(value: number, row: QueueOptionRow): boolean {
  return value >= (row.min ?? 0) && value <= (row.max ?? Number.POSITIVE_INFINITY);
}

function range(row: QueueOptionRow): string {
  return `${row.min} to ${row.max}`;
}
