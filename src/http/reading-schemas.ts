import { type DeviceType, schemaVersionOf } from '../devices/device-type.ts';
import { schemaUrn } from '../devices/event-schemas.ts';
import type { JsonObject } from '../std/json.ts';

/** Event types that a device type says something of, the default one first. Families are no names. */
export function eventTypesOf({ schemas, eventTypes }: DeviceType): string[] {
  const named = [...Object.keys(schemas), ...Object.keys(eventTypes)].filter((name) => !name.endsWith('.*'));
  return [...new Set(['telemetry', ...named])];
}

/**
 * The schema of the data of a reading as a resource of its own, so that what it refers to as `#/…` is found inside a larger
 * document. Any object where the device type has none.
 */
export function ownSchema(type: DeviceType, eventType: string): JsonObject {
  const { name, schemas } = type;
  if (!Object.hasOwn(schemas, eventType)) return { type: 'object' };
  const $id = schemaUrn({ deviceType: name, eventType, version: schemaVersionOf(type, eventType) ?? 1 });
  return { $id, ...withoutReferenceAtRoot(schemas[eventType]) };
}

/** Generators of schemas like to begin with one. Beside an `$id` draft-07 forgets the one for the other, and checkers go round in it. */
function withoutReferenceAtRoot(schema: JsonObject): JsonObject {
  if (schema.$ref === undefined) return schema;
  const { $ref, allOf = [], ...others } = schema;
  return { ...others, allOf: [...(allOf as JsonObject[]), { $ref }] };
}

/** The schema by which a reading was checked: that of the device type, else that of its driver. */
function readSchema(type: DeviceType, eventType: string, ofDriver: Readonly<Record<string, JsonObject>>): JsonObject {
  if (Object.hasOwn(type.schemas, eventType) || !Object.hasOwn(ofDriver, eventType)) return ownSchema(type, eventType);
  return { $id: `urn:sluice:driver-schema:${type.name}:${eventType}`, ...withoutReferenceAtRoot(ofDriver[eventType]) };
}

/** A reading as it is published on `events/…`. */
export function readingEnvelope(
  type: DeviceType,
  eventType: string,
  ofDriver: Readonly<Record<string, JsonObject>>,
): JsonObject {
  const time = { type: 'integer', description: 'Milliseconds since the Unix epoch' };
  const text = { type: 'string' };
  return {
    type: 'object',
    properties: {
      deviceId: text,
      deviceType: { const: type.name },
      eventType: { const: eventType },
      schemaVersion: { type: 'integer', minimum: 1 },
      messageId: text,
      time,
      seq: { type: 'integer' },
      receivedAt: time,
      driver: text,
      driverVersion: text,
      data: readSchema(type, eventType, ofDriver),
      warnings: { type: 'array', items: text },
    },
    required: [
      'deviceId',
      'deviceType',
      'eventType',
      'messageId',
      'time',
      'receivedAt',
      'driver',
      'driverVersion',
      'data',
    ],
  };
}
