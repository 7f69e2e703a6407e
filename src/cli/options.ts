import { environmentName } from '../config/option.ts';
import { type Schema, text, toggle } from '../config/schema.ts';
import { port } from '../config/units.ts';
import { clientVariables } from '../config.ts';
import { type CommandOption, UsageError } from './command.ts';

type Row = Pick<CommandOption, 'sentence' | 'placeholder' | 'short' | 'environment'>;

/** A flag with a value, undefined until it is given. */
export function value<T>(schema: Schema<T>, row: Row): CommandOption<T | undefined> {
  return { schema, form: 'value', default: undefined, ...row };
}

/** A flag with a value and a default. */
export function valueOr<T>(schema: Schema<T>, fallback: T, row: Row): CommandOption<T> {
  return { schema, form: 'value', default: fallback, ...row };
}

/** A flag without a value. */
export function switchable(row: Row): CommandOption<boolean> {
  return { schema: toggle(), form: 'toggle', default: false, ...row };
}

/** A flag that may be given several times. */
export function many<T>(schema: Schema<T>, row: Row): CommandOption<readonly T[]> {
  return { schema, form: 'many', default: [], ...row };
}

/** Options that every command has. */
export const commonOptions = {
  help: switchable({ short: 'h', sentence: 'Print this help.' }),
  version: switchable({ sentence: 'Print the version.' }),
};

const url = /^https?:\/\/.+/;
const mqttUrl = /^(mqtts?|tcp|ssl|wss?):\/\/.+/;

/** Options of every command that speaks to the HTTP API. */
export const apiOptions = {
  url: {
    ...valueOr(text({ pattern: url, expected: 'an http:// or https:// URL' }), 'http://127.0.0.1:8080', {
      placeholder: 'URL',
      environment: clientVariables.url,
      sentence: 'Where the HTTP API is; the default follows SLUICE_HTTP_PORT and SLUICE_HOST, as `sluice start` does.',
    }),
    defaultIn: (env: NodeJS.ProcessEnv) => startedServer(env, 'http', 8080),
  },
  token: value(text({ secret: true }), {
    placeholder: 'TOKEN',
    environment: clientVariables.token,
    sentence: 'Bearer token for the HTTP API.',
  }),
  json: switchable({ sentence: 'Print JSON instead of a table.' }),
};

/** Options of every command that speaks MQTT. */
export const mqttOptions = {
  'mqtt-url': {
    ...valueOr(text({ pattern: mqttUrl, expected: 'an mqtt:// or mqtts:// URL' }), 'mqtt://127.0.0.1:1883', {
      placeholder: 'URL',
      environment: clientVariables.mqttUrl,
      sentence:
        'Where the MQTT server is; the default follows SLUICE_MQTT_PORT and SLUICE_HOST, as `sluice start` does.',
    }),
    defaultIn: (env: NodeJS.ProcessEnv) => startedServer(env, 'mqtt', 1883),
  },
  username: value(text(), { short: 'u', placeholder: 'NAME', sentence: 'User name, or the id of a device.' }),
  password: value(text({ secret: true }), { short: 'P', placeholder: 'TEXT', sentence: 'Password.' }),
};

/** Where a server listens that was started with these variables, as this machine reaches it. */
function startedServer(env: NodeJS.ProcessEnv, scheme: 'http' | 'mqtt', usualPort: number): string {
  const variable = environmentName(`${scheme}.port`);
  const given = env[variable];
  const refuse = (problem: string): never => {
    throw new UsageError(problem);
  };
  // 0 picks one that nobody knows here.
  const listening = given === undefined ? 0 : port.check(port.read(given), variable, refuse);
  return `${scheme}://${reachable(env[environmentName('host')])}:${listening || usualPort}`;
}

function reachable(host: string | undefined): string {
  if (host === undefined || everyAddress.has(host)) return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

const everyAddress = new Set(['', '0.0.0.0', '::']);
