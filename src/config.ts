import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { checkClientCertificates } from './config/client-certificates.ts';
import { readConfigFile } from './config/file.ts';
import type { Nested, Option, OptionValue } from './config/option.ts';
import { configOptions } from './config/options.ts';
import { fromEnvironment, fromFlags, fromObject, type Settings } from './config/sources.ts';
import { SluiceError } from './errors.ts';
import { isJsonObject } from './std/json.ts';

type ConfigOptions = typeof configOptions;

/** Every option with its value; names, types and defaults are those of the table in `config/options.ts`. */
export type Config = Nested<{ [K in keyof ConfigOptions]: OptionValue<ConfigOptions[K]> }>;

/** Names the config file where no flag does. */
export const configFileVariable = 'SLUICE_CONFIG';

/** The listener of `mqtt.port`, unless `listeners` has one of this name. */
export const mainListener = 'mqtt';

/** Variables that the command line's own options read. */
export const clientVariables = { url: 'SLUICE_URL', token: 'SLUICE_TOKEN', mqttUrl: 'SLUICE_MQTT_URL' } as const;

/**
 * Reads the configuration: flags before environment before config file before default. `flags` are texts by flag name,
 * `config` among them. Throws `invalid_argument` with one line for every problem there is.
 */
export async function loadConfig(
  flags: Readonly<Record<string, string | undefined>>,
  env: NodeJS.ProcessEnv,
  cwd: string,
): Promise<Config> {
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(problem);
  const file = await readConfigFile(flags.config ?? env[configFileVariable], cwd);
  const others = [configFileVariable, ...Object.values(clientVariables)];
  const sources = [
    fromFlags(configOptions, flags, cwd, report),
    fromEnvironment(configOptions, env, others, cwd, report),
    file === undefined ? new Map() : fromObject(configOptions, file.content, file.path, report),
  ];
  const config = nest(sources, cwd);
  if ((config.http.tls.certFile === undefined) !== (config.http.tls.keyFile === undefined)) {
    report('Cannot set up TLS: expected both http.tls.certFile and http.tls.keyFile, met only one');
  }
  if (config.http.tls.clientCertificate !== 'none' && config.http.tls.certFile === undefined) {
    report('Cannot ask for client certificates: http.tls.clientCertificate needs http.tls.certFile');
  }
  checkClientCertificates(config.http, 'http', report);
  if (mainListener in config.listeners && sources.some((settings) => settings.has('mqtt.port'))) {
    report('Cannot use both mqtt.port and listeners.mqtt: give the one or the other');
  }
  if (problems.length > 0) throw new SluiceError('invalid_argument', problems.join('\n'), { detail: { problems } });
  return config;
}

/** Names of the options that differ. */
export function changedOptions(a: Config, b: Config): string[] {
  return Object.keys(configOptions).filter((name) => !isDeepStrictEqual(valueAt(a, name), valueAt(b, name)));
}

function valueAt(config: unknown, name: string): unknown {
  return name.split('.').reduce((at, part) => (at as Record<string, unknown>)[part], config);
}

/** The configuration where nothing is set, with relative paths from `cwd`. */
export function defaultConfig(cwd: string): Config {
  return nest([], cwd);
}

function nest(sources: readonly Settings[], cwd: string): Config {
  const root: Record<string, unknown> = {};
  const options: readonly [string, Option<unknown>][] = Object.entries(configOptions);
  for (const [name, option] of options) {
    const source = sources.find((settings) => settings.has(name));
    const isPath = option.isPath && typeof option.default === 'string';
    const fallback = isPath ? resolve(cwd, option.default as string) : option.default;
    const path = name.split('.');
    const last = path.pop() as string;
    let parent = root;
    for (const part of path) {
      parent[part] ??= {};
      parent = parent[part] as Record<string, unknown>;
    }
    parent[last] = source === undefined ? fallback : source.get(name);
  }
  // Limits are read for every message: a copy has a fixed shape, where an object that grew by computed names is searched.
  return Object.fromEntries(
    Object.entries(root).map(([name, group]) => [name, isJsonObject(group) ? { ...group } : group]),
  ) as Config;
}
