import { deviceIdPattern } from '../../access/device-topics.ts';
import { deviceTypeDefaults, eventTypePattern, rateMax, rateMin, retentionMsMin } from '../../devices/device-type.ts';
import {
  choice,
  decimal,
  integer,
  jsonObject,
  list,
  object,
  optional,
  record,
  text,
  toggle,
  withDefault,
} from '../schema.ts';

const mode = choice('inline', 'queued', 'auto');
const schemaPolicy = choice('enforce', 'warn', 'off');
const bytesMax = optional(integer(1));

export const rate = object({
  messagesPerSecond: optional(decimal(rateMin, rateMax)),
  bytesPerSecond: optional(decimal(rateMin, rateMax)),
});

const unlimited = { messagesPerSecond: undefined, bytesPerSecond: undefined };

export const rates = object({
  device: withDefault(rate, unlimited),
  type: withDefault(rate, unlimited),
});

export const retention = object({
  historyMs: optional(integer(retentionMsMin)),
  rollupsMs: optional(integer(retentionMsMin)),
  raw: withDefault(toggle(), true),
  rawMs: optional(integer(retentionMsMin)),
  inboxMs: optional(integer(retentionMsMin)),
});

export const eventTypeSettings = object({
  mode: optional(mode),
  schemaPolicy: optional(schemaPolicy),
  bytesMax,
});

export const deviceTypeOptions = object({
  mode: withDefault(mode, deviceTypeDefaults.mode),
  schemaPolicy: withDefault(schemaPolicy, deviceTypeDefaults.schemaPolicy),
  schemas: withDefault(
    record(/^[a-z0-9._-]{1,128}$/, 'an event type', jsonObject('a JSON Schema')),
    deviceTypeDefaults.schemas,
  ),
  fPort: optional(integer(1, 255)),
  readings: withDefault(choice('decoded', 'normalized'), deviceTypeDefaults.readings),
  futureTimeMsMax: withDefault(integer(0), deviceTypeDefaults.futureTimeMsMax),
  pastTimeMsMax: optional(integer(0)),
  timePolicy: withDefault(choice('refuse', 'clamp'), deviceTypeDefaults.timePolicy),
  bytesMax,
  rates: optional(rates),
  retention: optional(retention),
  eventTypes: withDefault(
    record(new RegExp(eventTypePattern), 'an event type, or a family of them such as "alarm.*"', eventTypeSettings),
    {},
  ),
  childTypes: withDefault(
    list(text({ pattern: new RegExp(deviceIdPattern), expected: 'the name of a device type' })),
    deviceTypeDefaults.childTypes,
  ),
});
