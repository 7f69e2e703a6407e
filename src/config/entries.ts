import { isIP } from 'node:net';
import { SluiceError } from '../errors.ts';
import type { GivenQueueOptions } from '../queues/options.ts';
import { resolveOptions } from '../queues/resolve-options.ts';
import {
  choice,
  jsonObject,
  list,
  object,
  optional,
  type Report,
  record,
  type Schema,
  text,
  toggle,
  withDefault,
} from './schema.ts';

/** What the lists and objects among the options hold. */

const ruleFields = {
  effect: withDefault(choice('allow', 'deny'), 'allow'),
  action: choice('publish', 'subscribe', 'all'),
  filter: text({ expected: 'a topic filter' }),
};

export const accessRule = object(ruleFields);

export const everybodyRule = object({
  ...ruleFields,
  users: optional(list(text())),
  clientIds: optional(list(text())),
  kinds: optional(list(choice('anonymous', 'user', 'device'))),
});

export const userEntry = object({
  name: text(),
  password: text({ secret: true }),
  admin: withDefault(toggle(), false),
  rules: withDefault(list(accessRule), []),
});

export const tokenEntry = object({
  name: text(),
  token: text({ secret: true, pattern: /^[\x21-\x7e]{16,}$/, expected: 'at least 16 visible ASCII characters' }),
  admin: withDefault(toggle(), false),
  rules: withDefault(list(accessRule), []),
});

/** One address, or a network as `192.0.2.0/24`. */
export const network: Schema<string> = {
  ...text({ expected: 'an IP address, or a network such as "192.0.2.0/24"' }),
  check(value, path, report) {
    if (typeof value === 'string' && isNetwork(value)) return value;
    report(`Cannot set ${path} to ${JSON.stringify(value)}: expected ${network.expected}`);
    return undefined;
  },
};

function isNetwork(value: string): boolean {
  const [address, prefix, ...more] = value.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}

const queuesByName = record(/^/, 'a name', jsonObject('an object of queue options'));

/** Queues by name; `queues/` knows what their options may be. */
export const queueEntries: Schema<Readonly<Record<string, GivenQueueOptions>>> = {
  ...queuesByName,
  check(value, path, report) {
    const queues = queuesByName.check(value, path, report);
    for (const [name, options] of Object.entries(queues ?? {})) {
      if (options !== undefined) checkQueue(name, options, report);
    }
    return queues;
  },
};

function checkQueue(name: string, options: object, report: Report): void {
  try {
    resolveOptions(name, options);
  } catch (problem) {
    if (!(problem instanceof SluiceError)) throw problem;
    report(problem.message);
  }
}
