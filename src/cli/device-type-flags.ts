import { choice, decimal, integer, jsonObject, type Schema, toggle } from '../config/schema.ts';
import { rateMax, rateMin, retentionMsMin } from '../devices/device-type.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../std/json.ts';
import type { CommandOption } from './command.ts';
import { value } from './options.ts';

interface Setting {
  /** Where the field is in a device type. */
  readonly path: readonly string[];
  readonly option: CommandOption<unknown>;
}

const milliseconds = orNone(integer(0));
const age = orNone(integer(retentionMsMin));
const perSecond = orNone(decimal(rateMin, rateMax));

/** One row a flag. What can be absent is taken away by `none`. */
const settings: Readonly<Record<string, Setting>> = {
  mode: setting(
    'mode',
    choice('inline', 'queued', 'auto'),
    'MODE',
    'inline: the answer says what became of the message; queued: it says that the message is safe; auto: inline while the load is low, else queued. A new type is queued.',
  ),
  'schema-policy': setting(
    'schemaPolicy',
    choice('enforce', 'warn', 'off'),
    'POLICY',
    'enforce: a reading that does not match its schema is refused; warn: it is checked and kept all the same; off: it is not checked. A new type enforces.',
  ),
  'f-port': setting('fPort', orNone(integer(1, 255)), 'N', 'LoRaWAN port of messages that name none.'),
  readings: setting(
    'readings',
    choice('decoded', 'normalized'),
    'FORM',
    'decoded: readings are what the driver decodes; normalized: what the normalizeUplink of a codec script makes of that, where it has one.',
  ),
  'future-time-ms-max': setting(
    'futureTimeMsMax',
    integer(0),
    'MS',
    'How far ahead of its arrival the time of a reading may lie.',
  ),
  'past-time-ms-max': setting('pastTimeMsMax', milliseconds, 'MS', 'How far behind its arrival; none: any time.'),
  'time-policy': setting(
    'timePolicy',
    choice('refuse', 'clamp'),
    'POLICY',
    'Whether a reading whose time is out of range is refused, or gets that of its arrival.',
  ),
  'bytes-max': setting('bytesMax', orNone(integer(1)), 'N', 'Payload bytes of one message; none: what the doors take.'),
  'device-messages-per-second': setting(
    'rates.device.messagesPerSecond',
    perSecond,
    'N',
    'How fast each device may send; none: as it likes.',
  ),
  'device-bytes-per-second': setting('rates.device.bytesPerSecond', perSecond, 'N', 'The same in payload bytes.'),
  'type-messages-per-second': setting(
    'rates.type.messagesPerSecond',
    perSecond,
    'N',
    'How fast all devices of the type together may send; none: as they like.',
  ),
  'type-bytes-per-second': setting('rates.type.bytesPerSecond', perSecond, 'N', 'The same in payload bytes.'),
  'history-ms': setting('retention.historyMs', age, 'MS', 'How long readings are kept; none: for good.'),
  'rollups-ms': setting('retention.rollupsMs', age, 'MS', 'How long roll-ups are kept; none: for good.'),
  raw: setting('retention.raw', toggle(), 'true|false', 'Whether the bytes of messages are kept for a while.'),
  'raw-ms': setting('retention.rawMs', age, 'MS', 'How long they are; none: seven days.'),
  'inbox-ms': setting(
    'retention.inboxMs',
    age,
    'MS',
    'How long message ids are remembered, so that a copy changes nothing; none: seven days.',
  ),
  'event-types': setting(
    'eventTypes',
    jsonObject('a JSON object of settings by event type'),
    'JSON',
    'What holds for some event types, or families of them, instead: {"alarm.*":{"mode":"inline"}}. null takes one away; those that are not named stay.',
  ),
};

export const deviceTypeFlags: Readonly<Record<string, CommandOption<unknown>>> = Object.fromEntries(
  Object.entries(settings).map(([flag, { option }]) => [flag, option]),
);

/** Where the fields are that have a flag. */
export const flaggedFields: readonly (readonly string[])[] = Object.values(settings).map(({ path }) => path);

/** The device type with what the flags say of it; all else of it stays. */
export function withFlags(type: JsonObject, given: Readonly<Record<string, unknown>>): JsonObject {
  let changed = type;
  for (const [flag, { path }] of Object.entries(settings)) {
    const said = given[flag];
    if (said !== undefined) changed = merged(changed, path, said as JsonValue);
  }
  return changed;
}

/** As a merge patch has it: null takes away, and what is in an object beside it stays. */
function merged(object: JsonObject, [name, ...rest]: readonly string[], said: JsonValue): JsonObject {
  const there = object[name];
  const inner = isJsonObject(there) ? there : {};
  if (rest.length > 0) return { ...object, [name]: merged(inner, rest, said) };
  if (isJsonObject(said)) {
    const entries = Object.entries({ ...inner, ...said });
    return { ...object, [name]: Object.fromEntries(entries.filter(([, each]) => each !== null)) };
  }
  const { [name]: _, ...others } = object;
  return said === null ? others : { ...others, [name]: said };
}

function setting(path: string, schema: Schema<unknown>, placeholder: string, sentence: string): Setting {
  return { path: path.split('.'), option: value(schema, { placeholder, sentence }) };
}

/** What the schema takes, or the word `none`. */
function orNone<T>(schema: Schema<T>): Schema<T | null> {
  return {
    expected: `${schema.expected}, or "none"`,
    read: (given) => (given === 'none' ? null : schema.read(given)),
    check: (given, path, report) => (given === null ? null : schema.check(given, path, report)),
  };
}
