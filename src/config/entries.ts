import { choice, integer, jsonObject, list, object, optional, record, text, toggle, withDefault } from './schema.ts';

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

export const queueOptionsSchema = jsonObject('an object of queue options');

export const deviceTypeOptions = object({
  mode: withDefault(choice('inline', 'queued'), 'queued'),
  schemaPolicy: withDefault(choice('enforce', 'warn', 'off'), 'enforce'),
  schemas: withDefault(record(/^[a-z0-9._-]{1,128}$/, 'an event type', jsonObject('a JSON Schema')), {}),
  fPort: optional(integer(1, 255)),
  futureTimeMsMax: withDefault(integer(0), 5 * 60_000),
});
