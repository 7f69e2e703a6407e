import type { JsonObject } from '../std/json.ts';

/** Schemas that a device type has or had, by event type. A new one comes with the device type that names it, in the same commit. */
export interface EventSchemas {
  /** Newest first, at most `schemaVersionsMax`. */
  versions(deviceType: string, eventType: string): Promise<readonly SchemaVersion[]>;
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
