import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SluiceError } from '../errors.ts';
import { systemReason } from '../std/system-reason.ts';
import { findJsonProblem } from './json-position.ts';

const defaultNames = ['sluice.config.ts', 'sluice.config.js', 'sluice.config.json'];

export interface ConfigFile {
  readonly path: string;
  readonly content: unknown;
}

/** The config file that was named, or the one in the working directory; undefined where there is none. */
export function findConfigFile(named: string | undefined, cwd: string): string | undefined {
  return named === undefined ? findDefault(cwd) : resolve(cwd, named);
}

/** Reads the config file; undefined where there is none to read. */
export async function readConfigFile(named: string | undefined, cwd: string): Promise<ConfigFile | undefined> {
  const path = findConfigFile(named, cwd);
  if (path === undefined) return undefined;
  return { path, content: extname(path) === '.json' ? await readJson(path) : await readModule(path) };
}

function findDefault(cwd: string): string | undefined {
  const found = defaultNames.filter((name) => existsSync(resolve(cwd, name)));
  if (found.length > 1) {
    throw new SluiceError('invalid_argument', `Cannot choose between ${found.join(' and ')}: name one with --config`);
  }
  return found.length === 0 ? undefined : resolve(cwd, found[0]);
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw cannotRead(path, cause);
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    const problem = findJsonProblem(text);
    const place = problem === undefined ? '' : `:${problem.line}:${problem.column}: expected ${problem.expected}`;
    throw new SluiceError('invalid_argument', `Cannot read the JSON of ${path}${place}`, { cause });
  }
}

async function readModule(path: string): Promise<unknown> {
  // An import that fails does not say whether this file is missing or one that it imports.
  if (!existsSync(path)) throw cannotRead(path, Object.assign(new Error('missing'), { code: 'ENOENT' }));
  // A module is loaded once for each URL, and one that was changed since is another.
  const url = `${pathToFileURL(path).href}?changed=${statSync(path).mtimeMs}`;
  const module: { default?: unknown } = await import(url).catch((cause: Error) => {
    throw cannotRead(path, cause);
  });
  if (module.default !== undefined) return module.default;
  throw new SluiceError('invalid_argument', `Cannot use ${path}: expected a default export with the options`);
}

function cannotRead(path: string, cause: Error): SluiceError {
  return new SluiceError('invalid_argument', `Cannot read the config file ${path}: ${systemReason(cause)}`, { cause });
}
