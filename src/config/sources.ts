import { resolve } from 'node:path';
import { isJsonObject } from '../std/json.ts';
import { didYouMean } from '../std/nearest.ts';
import { environmentName, type Option } from './option.ts';
import type { Report } from './schema.ts';

type Options = Readonly<Record<string, Option<unknown>>>;

/** What one source says, by option name, checked. */
export type Settings = ReadonlyMap<string, unknown>;

/** Variables that Kubernetes sets in every pod beside a service named "sluice". They are not ours to refuse. */
const serviceLink = /^SLUICE_(SERVICE_.+|PORT|PORT_\d+_.+)$/;

/** Settings from flags, whose values are text by flag name. */
export function fromFlags(
  options: Options,
  flags: Readonly<Record<string, string | undefined>>,
  cwd: string,
  report: Report,
): Settings {
  const settings = new Map<string, unknown>();
  for (const [name, option] of Object.entries(options)) {
    const given = option.flag === undefined ? undefined : flags[option.flag];
    if (given !== undefined)
      set(settings, name, option, option.schema.read(given), cwd, within(report, `flag --${option.flag}`));
  }
  return settings;
}

/** Settings from `SLUICE_…` variables; `others` are variables of that form that mean something elsewhere. */
export function fromEnvironment(
  options: Options,
  env: NodeJS.ProcessEnv,
  others: readonly string[],
  cwd: string,
  report: Report,
): Settings {
  const settings = new Map<string, unknown>();
  const byVariable = new Map(Object.keys(options).map((name) => [environmentName(name), name]));
  for (const [variable, given] of Object.entries(env)) {
    if (!variable.startsWith('SLUICE_') || given === undefined) continue;
    if (others.includes(variable) || serviceLink.test(variable)) continue;
    const name = byVariable.get(variable);
    if (name === undefined) {
      report(`Unknown environment variable ${variable}${didYouMean(variable, [...byVariable.keys(), ...others])}`);
    } else {
      set(
        settings,
        name,
        options[name],
        options[name].schema.read(given),
        cwd,
        within(report, `environment ${variable}`),
      );
    }
  }
  return settings;
}

/** Settings from the object of a config file; `file` is its path. */
export function fromObject(options: Options, given: unknown, file: string, report: Report): Settings {
  const settings = new Map<string, unknown>();
  const names = Object.keys(options);
  const groups = new Set(
    names.filter((name) => name.includes('.')).map((name) => name.slice(0, name.lastIndexOf('.'))),
  );
  const told = within(report, file);
  const walk = (value: unknown, path: string): void => {
    if (path in options) {
      if (value !== undefined) set(settings, path, options[path], value, resolve(file, '..'), told);
    } else if (path !== '' && !names.some((name) => name.startsWith(`${path}.`))) {
      told(`Unknown option "${path}"${didYouMean(path, [...names, ...groups])}`);
    } else if (isJsonObject(value)) {
      for (const [key, each] of Object.entries(value)) walk(each, path === '' ? key : `${path}.${key}`);
    } else {
      told(`Cannot use ${JSON.stringify(value)}${path === '' ? '' : ` for ${path}`}: expected an object of options`);
    }
  };
  walk(given, '');
  return settings;
}

function set(
  settings: Map<string, unknown>,
  name: string,
  option: Option<unknown>,
  value: unknown,
  base: string,
  report: Report,
): void {
  const checked = option.schema.check(value, name, report);
  settings.set(name, checked === undefined ? undefined : withPathsFrom(base, option, checked));
}

function withPathsFrom(base: string, { isPath, withPaths }: Option<unknown>, value: unknown): unknown {
  if (isPath && typeof value === 'string') return resolve(base, value);
  return withPaths === undefined ? value : withPaths(value, (path) => resolve(base, path));
}

function within(report: Report, source: string): Report {
  return (problem) => report(`${problem} (${source})`);
}
