import type { JsonObject } from '../../std/json.ts';
import type { Driver } from '../driver.ts';
import { jsonSchemaOf } from '../schemas/standard-schema.ts';

/**
 * What built-in drivers for devices of this type say of their readings, by event type: any of their schemas where versions
 * for other firmware say something else.
 */
export function eventSchemasOf(drivers: readonly Driver[], deviceType: string): Readonly<Record<string, JsonObject>> {
  const found = new Map<string, Map<string, JsonObject>>();
  for (const { match, events } of drivers) {
    if (match.deviceType !== deviceType) continue;
    for (const [eventType, given] of Object.entries(events)) {
      const schema = jsonSchemaOf(given);
      const ofEvent = found.get(eventType) ?? new Map<string, JsonObject>();
      found.set(eventType, ofEvent.set(JSON.stringify(schema), schema));
    }
  }
  return Object.fromEntries([...found].map(([eventType, schemas]) => [eventType, anyOf([...schemas.values()])]));
}

function anyOf(schemas: readonly JsonObject[]): JsonObject {
  return schemas.length === 1 ? schemas[0] : { anyOf: [...schemas] };
}
