import { SluiceError } from '../errors.ts';
import { parseShared, topicFilterProblem } from '../mqtt/topics/names.ts';
import { isJsonObject } from '../std/json.ts';
import { type QueueOptionRow, type QueueOptions, queueOptionRows } from './options.ts';

/** Most filters that one queue is bound to. */
export const bindingsMax = 1_000;
const nameMax = 128;

/** Why a queue cannot have that name; undefined when it can. */
export function queueNameProblem(name: unknown): string | undefined {
  if (typeof name === 'string' && new RegExp(`^[A-Za-z0-9._-]{1,${nameMax}}$`).test(name)) return undefined;
  return `a name takes 1 to ${nameMax} letters, digits, '.', '_' and '-'`;
}

/**
 * The options of queue `name` when `given` is asked for: what is not given stays as in `base`, or is the default.
 * Throws `invalid_argument` for a name, option or value that does not exist.
 */
export function resolveOptions(name: string, given: object, base?: QueueOptions): QueueOptions {
  const problem = queueNameProblem(name);
  if (problem !== undefined) throw invalid(`Cannot declare queue ${quote(name)}: ${problem}`);
  const wanted = flatten(name, given);
  const current = base === undefined ? undefined : flatten(name, base);
  const resolved: Record<string, unknown> = {};
  for (const row of queueOptionRows) {
    const source = wanted.has(row.name) ? wanted : current;
    const value = source === undefined ? defaultOf(row, name) : source.get(row.name);
    assign(resolved, row.name, checked(name, row, value));
  }
  return resolved as unknown as QueueOptions;
}

function defaultOf(row: QueueOptionRow, name: string): unknown {
  return row.kind === 'queue' ? `${name}.dead` : row.default;
}

/** Options by their row's name; those that are undefined count as not given. */
function flatten(queue: string, options: object): Map<string, unknown> {
  const flat = new Map<string, unknown>();
  const known = new Set(queueOptionRows.map((row) => row.name));
  const add = (name: string, value: unknown): void => {
    if (value === undefined) return;
    if (known.has(name)) flat.set(name, value);
    else if (isJsonObject(value) && isGroup(name)) {
      for (const [member, inner] of Object.entries(value)) add(`${name}.${member}`, inner);
    } else if (isGroup(name)) {
      throw invalid(`Cannot declare queue "${queue}": option "${name}" takes an object, not ${quote(value)}`);
    } else {
      throw invalid(
        `Cannot declare queue "${queue}": there is no option "${name}"; there are ${[...known].join(', ')}`,
      );
    }
  };
  for (const [name, value] of Object.entries(options)) add(name, value);
  return flat;
}

function isGroup(name: string): boolean {
  return queueOptionRows.some((row) => row.name.startsWith(`${name}.`));
}

function assign(options: Record<string, unknown>, name: string, value: unknown): void {
  const [group, member] = name.split('.');
  if (member === undefined) options[name] = value;
  else options[group] = { ...(options[group] as object | undefined), [member]: value };
}

function checked(queue: string, row: QueueOptionRow, value: unknown): unknown {
  const expected = checks[row.kind](value, row, queue);
  if (expected === undefined) return row.kind === 'bindings' ? unique(value as { filter: string }[]) : value;
  throw invalid(`Cannot declare queue "${queue}": option "${row.name}" takes ${expected}, not ${quote(value)}`);
}

/** Each answers what was expected where the value is not that. */
const checks: Record<
  QueueOptionRow['kind'],
  (value: unknown, row: QueueOptionRow, queue: string) => string | undefined
> = {
  integer: (value, row) =>
    Number.isSafeInteger(value) && inRange(value as number, row) ? undefined : `a whole number from ${range(row)}`,
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
  bindings: (value) => {
    if (!Array.isArray(value) || value.length > bindingsMax) return `a list of at most ${bindingsMax} bindings`;
    const wrong = value.map(bindingProblem).find((problem) => problem !== undefined);
    return wrong === undefined ? undefined : `a list of { filter } (${wrong})`;
  },
};

function bindingProblem(binding: unknown): string | undefined {
  if (!isJsonObject(binding) || typeof binding.filter !== 'string') return `${quote(binding)} has no filter`;
  const other = Object.keys(binding).find((key) => key !== 'filter');
  if (other !== undefined) return `"${other}" is not known`;
  if (parseShared(binding.filter) !== undefined)
    return `"${binding.filter}" is a shared subscription, which a queue replaces`;
  const problem = topicFilterProblem(binding.filter);
  return problem === undefined ? undefined : `"${binding.filter}": ${problem}`;
}

function unique(bindings: readonly { filter: string }[]): readonly { filter: string }[] {
  return [...new Set(bindings.map((binding) => binding.filter))].map((filter) => ({ filter }));
}

function inRange(value: number, row: QueueOptionRow): boolean {
  return value >= (row.min ?? 0) && value <= (row.max ?? Number.POSITIVE_INFINITY);
}

function range(row: QueueOptionRow): string {
  return `${row.min} to ${row.max}`;
}

function quote(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function invalid(message: string): SluiceError {
  return new SluiceError('invalid_argument', message);
}
