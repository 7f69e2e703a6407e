import type { JsonObject } from '../std/json.ts';

/** `inline`: the answer says what became of the message. `queued`: it says that the message is safe. `auto`: the one or the other, by load. */
export type Mode = 'inline' | 'queued' | 'auto';
export type SchemaPolicy = 'enforce' | 'warn' | 'off';
/** What becomes of a reading whose time is out of range: the message is refused, or the time is set to that of the arrival. */
export type TimePolicy = 'refuse' | 'clamp';
/** What readings are: what a driver decodes, or what the `normalizeUplink` of a codec script makes of that, where it has one. */
export type ReadingForm = 'decoded' | 'normalized';

/** What devices of one kind have in common. */
export interface DeviceType {
  /** `[A-Za-z0-9._:-]{1,128}` */
  readonly name: string;
  readonly mode: Mode;
  readonly schemaPolicy: SchemaPolicy;
  /** JSON Schema by event type; overrides the schema that the driver brings. */
  readonly schemas: Readonly<Record<string, JsonObject>>;
  /** Which version of each schema that is, from 1. The store counts them: what is put here says nothing. */
  readonly schemaVersions: Readonly<Record<string, number>>;
  /** fPort of messages that carry none, for drivers that look at it. */
  readonly fPort: number | undefined;
  readonly readings: ReadingForm;
  /** How far a reading's time may lie ahead of `receivedAt`, in milliseconds. */
  readonly futureTimeMsMax: number;
  /** How far it may lie behind. Undefined: any time. */
  readonly pastTimeMsMax: number | undefined;
  readonly timePolicy: TimePolicy;
  /** Payload bytes of one message. Undefined: what the doors take. */
  readonly bytesMax: number | undefined;
  readonly rates: RateLimits;
  readonly retention: RetentionOfType;
  /** What holds for some event types instead, by name (`alarm.fire`) or by family (`alarm.*`); the longest that fits counts. */
  readonly eventTypes: Readonly<Record<string, EventTypeSettings>>;
  /** Types of devices that a gateway of this type may register behind itself. */
  readonly childTypes: readonly string[];
}

/** How long what its devices said is kept; history and roll-ups for good where undefined. The latest state always stays. */
export interface RetentionOfType {
  /** By the time of the reading. */
  readonly historyMs?: number | undefined;
  readonly rollupsMs?: number | undefined;
  /** Whether the bytes of messages are kept for a while, so that they can be decoded again. */
  readonly raw: boolean;
  /** How long they are. Undefined: as long as `sqliteLimits.rawMs` says. */
  readonly rawMs?: number | undefined;
  /** How long a message id is remembered, so that a second copy changes nothing. Undefined: as `sqliteLimits.inboxMs` says. */
  readonly inboxMs?: number | undefined;
}

export interface EventTypeSettings {
  readonly mode?: Mode | undefined;
  readonly schemaPolicy?: SchemaPolicy | undefined;
  readonly bytesMax?: number | undefined;
}

/** How fast messages may come; what is absent is not limited. */
export interface RateLimits {
  /** Of each device. */
  readonly device: Rate;
  /** Of all devices of the type together. */
  readonly type: Rate;
}

export interface Rate {
  readonly messagesPerSecond?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
}

/** The one place where what nobody said of a device type is decided. */
export function deviceTypeWithDefaults(said: Partial<DeviceType> & { name: string }): DeviceType {
  return {
    name: said.name,
    mode: said.mode ?? 'queued',
    schemaPolicy: said.schemaPolicy ?? 'enforce',
    schemas: said.schemas ?? {},
    schemaVersions: said.schemaVersions ?? {},
    fPort: said.fPort,
    readings: said.readings ?? 'decoded',
    futureTimeMsMax: said.futureTimeMsMax ?? 5 * 60_000,
    pastTimeMsMax: said.pastTimeMsMax,
    timePolicy: said.timePolicy ?? 'refuse',
    bytesMax: said.bytesMax,
    rates: said.rates ?? { device: {}, type: {} },
    retention: said.retention ?? { raw: true },
    eventTypes: said.eventTypes ?? {},
    childTypes: said.childTypes ?? [],
  };
}

/** Undefined where the event type has no schema: its name may be that of a property which every object inherits. */
export function schemaVersionOf({ schemaVersions }: DeviceType, eventType: string): number | undefined {
  return Object.hasOwn(schemaVersions, eventType) ? schemaVersions[eventType] : undefined;
}

/** For what documents and checks the fields one by one. */
export const deviceTypeDefaults: DeviceType = deviceTypeWithDefaults({ name: '' });

/** Readings come late and roll-ups take their time: what is kept for less than a minute is a mistake. */
export const retentionMsMin = 60_000;
/** Messages or bytes a second; a rate below one in a quarter of an hour is a mistake. */
export const rateMin = 0.001;
export const rateMax = 1_000_000_000;
/** Event types of one device type that have settings of their own. */
export const eventTypeSettingsMax = 256;
export const childTypesMax = 256;
/** `alarm.fire`, or `alarm.*` for all whose name begins with `alarm.`. */
export const eventTypePattern = '^(?=.{1,130}$)[a-z0-9_-]+(\\.[a-z0-9_-]+)*(\\.\\*)?$';

/** The value for this event type: under its name, else under its longest family; undefined where there is none. */
export function forEventType<T>(byPattern: Readonly<Record<string, T>>, eventType: string): T | undefined {
  if (Object.hasOwn(byPattern, eventType)) return byPattern[eventType];
  for (let end = eventType.lastIndexOf('.'); end > 0; end = eventType.lastIndexOf('.', end - 1)) {
    const family = `${eventType.slice(0, end)}.*`;
    if (Object.hasOwn(byPattern, family)) return byPattern[family];
  }
  return undefined;
}
