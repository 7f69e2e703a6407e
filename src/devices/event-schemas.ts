import type { JsonObject } from '../std/json.ts';

/** Schemas that a device type has or had, by event type. A new one comes with the device type that names it, in the same commit. */
export interface EventSchemas {
  /** Newest first, at most `schemaVersionsMax`. */
  versions(deviceType: string, eventType: string): Promise<readonly SchemaVersion[]>;
  /** One of them; undefined where it is not kept. */
  schema(name: SchemaName): Promise<JsonObject | undefined>;
}

export interface SchemaName {
  readonly deviceType: string;
  readonly eventType: string;
  readonly version: number;
}

export interface SchemaVersion {
  /** From 1. */
  readonly version: number;
  readonly schema: JsonObject;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** Versions that are kept of the schema of one event type; the oldest make room. */
export const schemaVersionsMax = 100;

/** What a schema is called in documents, and by messages that were made by it. */
export function schemaUrn({ deviceType, eventType, version }: SchemaName): string {
  return `${urnPrefix}${deviceType}:${eventType}:${version}`;
}

/** Undefined for what is no such name. */
export function parseSchemaUrn(text: string): SchemaName | undefined {
  if (!text.startsWith(urnPrefix)) return undefined;
  const [, deviceType, eventType, version] =
    /^(.{1,128}):([^:]{1,128}):([1-9]\d{0,8})$/.exec(text.slice(urnPrefix.length)) ?? [];
  return version === undefined ? undefined : { deviceType, eventType, version: Number(version) };
}

const urnPrefix = 'urn:sluice:schema:';
