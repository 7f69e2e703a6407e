import { SluiceError } from '../errors.ts';
import type { QueueOptions } from '../queues/options.ts';
import { resolveOptions } from '../queues/resolve-options.ts';
import {
  choice,
  integer,
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

export const accessRule = object({
  action: choice('publish', 'subscribe', 'all'),
  filter: text({ expected: 'a topic filter' }),
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

const queuesByName = record(/^/, 'a name', jsonObject('an object of queue options'));

/** Queues by name; `queues/` knows what their options may be. */
export const queueEntries: Schema<Readonly<Record<string, Partial<QueueOptions>>>> = {
  ...queuesByName,
  check(value, path, report) {
    const queues = queuesByName.check(value, path, report);
    for (const [name, options] of Object.entries(queues ?? {})) {
      if (options !== undefined) checkQueue(name, options, report);
    }
    return queues;
  },
};

export const deviceTypeOptions = object({
  mode: withDefault(choice('inline', 'queued'), 'queued'),
  schemaPolicy: withDefault(choice('enforce', 'warn', 'off'), 'enforce'),
  schemas: withDefault(record(/^[a-z0-9._-]{1,128}$/, 'an event type', jsonObject('a JSON Schema')), {}),
  fPort: optional(integer(1, 255)),
  futureTimeMsMax: withDefault(integer(0), 5 * 60_000),
});

function checkQueue(name: string, options: object, report: Report): void {
  try {
    resolveOptions(name, options);
  } catch (problem) {
    if (!(problem instanceof SluiceError)) throw problem;
    report(problem.message);
  }
}
