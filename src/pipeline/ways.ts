import {
  type DeviceType,
  type EventTypeSettings,
  forEventType,
  type Mode,
  type SchemaPolicy,
} from '../devices/device-type.ts';
import { LimitMeter } from './limit-meter.ts';

/** How messages of one event type of a device type go through. */
export interface Way {
  readonly mode: Mode;
  /** Payload bytes of one message; infinity where nobody said. */
  readonly bytesMax: number;
}

/** A device type as messages meet it: what is said by event type is looked up, and nothing is worked out for a message. */
export class Ways {
  readonly type: DeviceType;
  /** Policies by event type, for those that have one of their own; undefined where none has. */
  readonly schemaPolicies: Readonly<Record<string, SchemaPolicy>> | undefined;
  /** What all devices of the type may send together; undefined where that is not limited. */
  readonly meter: LimitMeter | undefined;
  readonly #usual: Way;
  readonly #byPattern: Readonly<Record<string, Way>> | undefined;

  constructor(type: DeviceType, now: number) {
    this.type = type;
    const special = Object.entries(type.eventTypes);
    this.#usual = wayOf(type, {});
    this.#byPattern =
      special.length === 0
        ? undefined
        : Object.fromEntries(special.map(([pattern, settings]) => [pattern, wayOf(type, settings)]));
    this.schemaPolicies = policiesOf(special);
    this.meter = LimitMeter.of(type.rates.type, now);
  }

  of(eventType: string): Way {
    return this.#byPattern === undefined ? this.#usual : (forEventType(this.#byPattern, eventType) ?? this.#usual);
  }
}

function wayOf(type: DeviceType, settings: EventTypeSettings): Way {
  return {
    mode: settings.mode ?? type.mode,
    bytesMax: settings.bytesMax ?? type.bytesMax ?? Number.POSITIVE_INFINITY,
  };
}

function policiesOf(special: readonly [string, EventTypeSettings][]): Record<string, SchemaPolicy> | undefined {
  const own = special.flatMap(([pattern, { schemaPolicy }]) =>
    schemaPolicy === undefined ? [] : [[pattern, schemaPolicy] as const],
  );
  return own.length === 0 ? undefined : Object.fromEntries(own);
}
