import { isJsonObject, type JsonObject } from '../std/json.ts';
import { didYouMean } from '../std/nearest.ts';

/** Told of each problem as one sentence; a check goes on, so that one run names every problem. */
export type Report = (problem: string) => void;

/** What a value may be. */
export interface Schema<T> {
  /** Completes "expected …". */
  readonly expected: string;
  /** The value in its final form. Where it is not acceptable: undefined, after `report` was told. */
  check(value: unknown, path: string, report: Report): T | undefined;
  /** What a flag or an environment variable means, before `check`. */
  read(text: string): unknown;
  /** What a field is that an object leaves out; without it the field is required. */
  readonly absent?: { readonly value: T };
}

export type ValueOf<S> = S extends Schema<infer T> ? T : never;

interface TextRules {
  readonly pattern?: RegExp;
  readonly expected?: string;
  /** Never quoted in a message. */
  readonly secret?: boolean;
}

export function text(rules: TextRules = {}): Schema<string> {
  const expected = rules.expected ?? 'text that is not empty';
  const accepts = (value: unknown): value is string =>
    typeof value === 'string' && value !== '' && (rules.pattern?.test(value) ?? true);
  return {
    expected,
    read: (given) => given,
    check(value, path, report) {
      if (accepts(value)) return value;
      return refuse(value, path, expected, report, rules.secret);
    },
  };
}

export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Schema<number> {
  const upTo = max === Number.MAX_SAFE_INTEGER ? 'or more' : `to ${max.toLocaleString('en')}`;
  const expected = `an integer, ${min.toLocaleString('en')} ${upTo}`;
  return {
    expected,
    read: (given) => (/^-?\d+$/.test(given) ? Number(given) : given),
    check(value, path, report) {
      if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
      return refuse(value, path, expected, report);
    },
  };
}

export function decimal(min: number, max: number): Schema<number> {
  const expected = `a number, ${min.toLocaleString('en')} to ${max.toLocaleString('en')}`;
  return {
    expected,
    read: (given) => (given.trim() === '' ? given : Number(given)),
    check(value, path, report) {
      if (typeof value === 'number' && value >= min && value <= max) return value;
      return refuse(value, path, expected, report);
    },
  };
}

export function choice<const T extends string>(...values: readonly T[]): Schema<T> {
  const expected = `one of ${values.map((value) => `"${value}"`).join(', ')}`;
  return {
    expected,
    read: (given) => given,
    check(value, path, report) {
      if (values.includes(value as T)) return value as T;
      return refuse(value, path, expected, report);
    },
  };
}

export function toggle(): Schema<boolean> {
  const expected = 'true or false';
  return {
    expected,
    read: (given) => (given === 'true' ? true : given === 'false' ? false : given),
    check(value, path, report) {
      return typeof value === 'boolean' ? value : refuse(value, path, expected, report);
    },
  };
}

/** Any JSON object, which someone else looks into. */
export function jsonObject(expected = 'an object'): Schema<JsonObject> {
  return {
    expected,
    read: readJson,
    check(value, path, report) {
      return isJsonObject(value) ? value : refuse(value, path, expected, report);
    },
  };
}

export function list<T>(item: Schema<T>): Schema<readonly T[]> {
  const expected = `a list, each ${item.expected}`;
  return {
    expected,
    read: readJson,
    check(value, path, report) {
      if (!Array.isArray(value)) return refuse(value, path, expected, report);
      return value.map((each, index) => item.check(each, `${path}[${index}]`, report) as T);
    },
  };
}

/** Objects by a name that the user chooses. */
export function record<T>(name: RegExp, nameExpected: string, item: Schema<T>): Schema<Readonly<Record<string, T>>> {
  const expected = `an object by name, each ${item.expected}`;
  return {
    expected,
    read: readJson,
    check(value, path, report) {
      if (!isJsonObject(value)) return refuse(value, path, expected, report);
      const checked: [string, T][] = [];
      for (const [key, each] of Object.entries(value)) {
        if (!name.test(key)) report(`Cannot use the name "${key}" in ${path}: expected ${nameExpected}`);
        checked.push([key, item.check(each, `${path}.${key}`, report) as T]);
      }
      return Object.fromEntries(checked);
    },
  };
}

type Fields = Readonly<Record<string, Schema<unknown>>>;

export type ObjectOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** An object of these fields and no others. */
export function object<F extends Fields>(fields: F): Schema<ObjectOf<F>> & { readonly fields: F } {
  const names = Object.keys(fields);
  const expected = `an object of ${names.join(', ')}`;
  return {
    fields,
    expected,
    read: readJson,
    check(value, path, report) {
      if (!isJsonObject(value)) return refuse(value, path, expected, report);
      for (const key of Object.keys(value)) {
        if (!names.includes(key)) report(`Unknown field "${path}.${key}"${didYouMean(key, names)}`);
      }
      const checked = names.map((name) => [name, checkField(fields[name], value[name], `${path}.${name}`, report)]);
      return Object.fromEntries(checked) as ObjectOf<F>;
    },
  };
}

export function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  return { ...schema, absent: { value: undefined } };
}

export function withDefault<T>(schema: Schema<T>, value: T): Schema<T> {
  return { ...schema, absent: { value } };
}

function checkField(schema: Schema<unknown>, value: unknown, path: string, report: Report): unknown {
  if (value !== undefined) return schema.check(value, path, report);
  if (schema.absent === undefined) report(`Cannot leave out ${path}: expected ${schema.expected}`);
  return schema.absent?.value;
}

function refuse(value: unknown, path: string, expected: string, report: Report, secret = false): undefined {
  const met = secret ? 'what is given' : (JSON.stringify(value) ?? String(value));
  report(`Cannot set ${path} to ${met}: expected ${expected}`);
}

/** Text that is not JSON stays text, which the check then refuses with what it expected. */
function readJson(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch (problem) {
    if (problem instanceof SyntaxError) return given;
    throw problem;
  }
}
