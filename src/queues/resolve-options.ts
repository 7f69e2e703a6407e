import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../errors.ts';
import { isJsonObject } from '../std/json.ts';
import { didYouMean } from '../std/nearest.ts';
import { notYet } from './not-yet.ts';
import { checkOption } from './option-checks.ts';
import { type QueueOptionRow, queueOptionRows } from './option-rows.ts';
import { optionOf, optionsProblem } from './option-rules.ts';
import type { QueueOptions } from './options.ts';
import { queueNameProblem, quote } from './queue-name.ts';

/**
 * The options of queue `name` when `given` is asked for: what is not given stays as in `base`, or is the default.
 * Throws `invalid_argument` for a name, option or value that does not exist, and `conflict` where an option of `base` cannot
 * change.
 */
export function resolveOptions(name: string, given: object, base?: QueueOptions): QueueOptions {
  const problem = queueNameProblem(name);
  if (problem !== undefined) throw invalid(`Cannot declare queue ${quote(name)}: ${problem}`);
  const wanted = flatten(name, given);
  const current = base === undefined ? new Map<string, unknown>() : flatten(name, base);
  const resolved = {};
  for (const row of queueOptionRows) {
    const source = [wanted, current].find((options) => options.has(row.name));
    assign(resolved, row.name, checked(name, row, source === undefined ? defaultOf(row, name) : source.get(row.name)));
  }
  // Read for every message: a copy has a fixed shape, where an object that grew by computed names is searched.
  const options = { ...resolved } as QueueOptions;
  if (base !== undefined) refuseChange(name, options, base);
  const contradiction = optionsProblem(options);
  if (contradiction !== undefined) throw invalid(`Cannot declare queue "${name}": ${contradiction}`);
  return options;
}

function refuseChange(name: string, options: QueueOptions, base: QueueOptions): void {
  for (const row of queueOptionRows) {
    const [before, after] = [optionOf(base, row.name), optionOf(options, row.name)];
    if (row.immutable?.(base) !== true || isDeepStrictEqual(before, after)) continue;
    throw new SluiceError(
      'conflict',
      `Cannot change queue "${name}": option "${row.name}" stays ${quote(before)} as long as the queue is there; make another queue with ${quote(after)} and move the messages there`,
      { detail: { queue: name, option: row.name } },
    );
  }
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
        `Cannot declare queue "${queue}": there is no option "${name}"; there are ${[...known].join(', ')}${didYouMean(name, known)}`,
      );
    }
  };
  for (const [name, value] of Object.entries(options)) add(name, value);
  return flat;
}

function isGroup(name: string): boolean {
  return queueOptionRows.some((row) => row.name.startsWith(`${name}.`));
}

/** Every name with a dot is in a group, and a group can be in another. */
function assign(options: Record<string, unknown>, name: string, value: unknown): void {
  const dot = name.indexOf('.');
  if (dot < 0) {
    options[name] = value;
    return;
  }
  const group = name.slice(0, dot);
  options[group] ??= {};
  assign(options[group] as Record<string, unknown>, name.slice(dot + 1), value);
}

function checked(queue: string, row: QueueOptionRow, value: unknown): unknown {
  const answer = checkOption(row, value, queue);
  if ('expected' in answer) {
    throw invalid(
      `Cannot declare queue "${queue}": option "${row.name}" takes ${answer.expected}, not ${quote(value)}`,
    );
  }
  if (isDeepStrictEqual(answer.value, row.default) || !isNotYet(row.name, value)) return answer.value;
  throw invalid(
    `Cannot declare queue "${queue}": this version does not follow option "${row.name}" at ${quote(value)}; leave it at ${quote(row.default)}`,
  );
}

function isNotYet(name: string, value: unknown): boolean {
  return notYet.has(name) && (notYet.get(name)?.includes(value as string) ?? true);
}

function invalid(message: string): SluiceError {
  return new SluiceError('invalid_argument', message);
}
