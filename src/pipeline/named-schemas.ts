import { type DeviceType, schemaVersionOf } from '../devices/device-type.ts';
import { type EventSchemas, type SchemaName, schemaVersionsMax } from '../devices/event-schemas.ts';
import { SluiceError } from '../errors.ts';

/** A schema that is not the current one, with the current ones of the other event types. */
export interface NamedSchema {
  readonly eventType: string;
  readonly version: number;
  readonly schemas: DeviceType['schemas'];
}

type Found = NamedSchema | SluiceError;
/** By event type and version; a promise while it is looked up. */
type Sets = Map<string, Weighed | Promise<Found>>;

/** How many of them are kept. */
export interface NamedSchemaBounds {
  readonly perTypeMax: number;
  /** Of all device types, with the current schemas that stand beside each. */
  readonly bytesMax: number;
}

interface Weighed {
  readonly sets: Sets;
  readonly key: string;
  readonly set: NamedSchema;
  readonly bytes: number;
}

/**
 * The schemas that messages name. A set is the same object for as long as it is kept, since it is compiled by that. What came
 * first goes first; a set that does not fit at all serves the messages that asked for it and is read again for the next.
 */
export class NamedSchemas {
  readonly #schemas: Pick<EventSchemas, 'schema'>;
  readonly #bounds: NamedSchemaBounds;
  readonly #byType = new WeakMap<DeviceType, Sets>();
  /** In the order in which they were read. Those of a device type that was put again leave as others come. */
  readonly #weighed = new Set<Weighed>();
  #bytes = 0;

  constructor(schemas: Pick<EventSchemas, 'schema'>, bounds: NamedSchemaBounds) {
    this.#schemas = schemas;
    this.#bounds = bounds;
  }

  /** Undefined where it is the current one, `schema_unknown` where there is none. What is known is answered at once. */
  find(type: DeviceType, name: SchemaName): Found | undefined | Promise<Found> {
    const current = schemaVersionOf(type, name.eventType);
    if (name.deviceType !== type.name || current === undefined) return unknown(type, name);
    if (name.version === current) return undefined;
    if (name.version > current || name.version <= current - schemaVersionsMax) return unknown(type, name);
    const kept = this.#setsOf(type).get(keyOf(name));
    if (kept === undefined) return this.#read(type, name);
    return kept instanceof Promise ? kept : kept.set;
  }

  /** Whoever asks meanwhile, as all messages of a batch may after a change of the type, shares the look-up. */
  #read(type: DeviceType, name: SchemaName): Promise<Found> {
    const sets = this.#setsOf(type);
    const key = keyOf(name);
    const reading = this.#found(type, name);
    const replace = (found: Found | undefined): void => {
      if (sets.get(key) !== reading) return;
      if (found === undefined || found instanceof SluiceError) sets.delete(key);
      else this.#weigh(sets, key, found);
    };
    this.#keep(sets, key, reading);
    reading.then(replace, () => replace(undefined));
    return reading;
  }

  async #found(type: DeviceType, name: SchemaName): Promise<Found> {
    const { eventType, version } = name;
    const schema = await this.#schemas.schema(name);
    if (schema === undefined) return unknown(type, name);
    return { eventType, version, schemas: { ...type.schemas, [eventType]: schema } };
  }

  #keep(sets: Sets, key: string, reading: Promise<Found>): void {
    sets.set(key, reading);
    if (sets.size <= this.#bounds.perTypeMax) return;
    const [[oldest, kept]] = sets;
    sets.delete(oldest);
    if (!(kept instanceof Promise)) this.#unweigh(kept);
  }

  #weigh(sets: Sets, key: string, set: NamedSchema): void {
    const weighed = { sets, key, set, bytes: Buffer.byteLength(JSON.stringify(set.schemas)) };
    sets.set(key, weighed);
    this.#weighed.add(weighed);
    this.#bytes += weighed.bytes;
    for (const oldest of this.#weighed) {
      if (this.#bytes <= this.#bounds.bytesMax) return;
      this.#unweigh(oldest);
      oldest.sets.delete(oldest.key);
    }
  }

  #unweigh(weighed: Weighed): void {
    this.#weighed.delete(weighed);
    this.#bytes -= weighed.bytes;
  }

  #setsOf(type: DeviceType): Sets {
    let sets = this.#byType.get(type);
    if (sets === undefined) {
      sets = new Map();
      this.#byType.set(type, sets);
    }
    return sets;
  }
}

function keyOf({ eventType, version }: SchemaName): string {
  return `${eventType}:${version}`;
}

function unknown(type: DeviceType, { deviceType, eventType, version }: SchemaName): SluiceError {
  const met = `met version ${version}`;
  const expected = `Name a schema that device type "${type.name}" has for "${eventType.slice(0, 128)}"`;
  if (deviceType !== type.name) {
    const sentence = `${expected}: expected one of its own, met one of device type "${deviceType.slice(0, 128)}"`;
    return new SluiceError('schema_unknown', sentence);
  }
  const current = schemaVersionOf(type, eventType);
  if (current === undefined) return new SluiceError('schema_unknown', `${expected}: there is none, ${met}`);
  const oldest = Math.max(1, current - schemaVersionsMax + 1);
  const versions = oldest === current ? `version ${current}` : `a version from ${oldest} to ${current}`;
  return new SluiceError('schema_unknown', `${expected}: expected ${versions}, ${met}`);
}
