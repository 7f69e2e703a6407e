import type { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../../errors.ts';
import type { JsonObject } from '../../std/json.ts';
import type { DeviceType } from '../device-type.ts';
import { type SchemaName, type SchemaVersion, schemaVersionsMax } from '../event-schemas.ts';
import { transaction } from './database.ts';
import type { RegistryTables } from './registry-tables.ts';

/** Device types with their schemas: what is current stands in the type, and every version that was beside it. */
export class SchemaTables {
  readonly #database: DatabaseSync;
  readonly #registry: RegistryTables;

  constructor(database: DatabaseSync, registry: RegistryTables) {
    this.#database = database;
    this.#registry = registry;
  }

  /** Answers the type as it is stored: a schema that is not the newest of its event type is the next version. */
  putDeviceType(type: DeviceType, now: number): DeviceType {
    return transaction(this.#database, () => {
      const schemaVersions = Object.fromEntries(
        Object.entries(type.schemas).map(([eventType, schema]) => [
          eventType,
          this.#versionOf(type.name, eventType, schema, now),
        ]),
      );
      const stored = { ...type, schemaVersions };
      this.#registry.putDeviceType(stored);
      return stored;
    });
  }

  /** Answers whether there was one. Throws `conflict` while it has devices. */
  removeDeviceType(name: string): boolean {
    return transaction(this.#database, () => {
      const { count } = this.#database.prepare('SELECT count(*) AS count FROM devices WHERE type = ?').get(name) as {
        count: number;
      };
      if (count > 0) {
        throw new SluiceError('conflict', `Remove the devices of type "${name}" first: there are ${count}`);
      }
      this.#database.prepare('DELETE FROM event_schemas WHERE device_type = ?').run(name);
      return this.#database.prepare('DELETE FROM device_types WHERE name = ?').run(name).changes === 1;
    });
  }

  versions(deviceType: string, eventType: string): SchemaVersion[] {
    const rows = this.#database
      .prepare(
        'SELECT version, schema, created_at FROM event_schemas WHERE device_type = ? AND event_type = ? ORDER BY version DESC',
      )
      .all(deviceType, eventType) as unknown as SchemaRow[];
    return rows.map((row) => ({
      version: row.version,
      schema: JSON.parse(row.schema),
      createdAt: row.created_at,
    }));
  }

  schema({ deviceType, eventType, version }: SchemaName): JsonObject | undefined {
    const row = this.#database
      .prepare('SELECT schema FROM event_schemas WHERE device_type = ? AND event_type = ? AND version = ?')
      .get(deviceType, eventType, version) as Pick<SchemaRow, 'schema'> | undefined;
    return row === undefined ? undefined : JSON.parse(row.schema);
  }

  #versionOf(deviceType: string, eventType: string, schema: JsonObject, now: number): number {
    const newest = this.#database
      .prepare(
        'SELECT version, schema FROM event_schemas WHERE device_type = ? AND event_type = ? ORDER BY version DESC LIMIT 1',
      )
      .get(deviceType, eventType) as Pick<SchemaRow, 'version' | 'schema'> | undefined;
    if (newest !== undefined && isDeepStrictEqual(JSON.parse(newest.schema), schema)) return newest.version;
    const version = (newest?.version ?? 0) + 1;
    this.#database
      .prepare(
        'INSERT INTO event_schemas (device_type, event_type, version, schema, created_at) VALUES (?, ?, ?, ?, ?)',
      )
      .run(deviceType, eventType, version, JSON.stringify(schema), now);
    this.#database
      .prepare('DELETE FROM event_schemas WHERE device_type = ? AND event_type = ? AND version <= ?')
      .run(deviceType, eventType, version - schemaVersionsMax);
    return version;
  }
}

interface SchemaRow {
  readonly version: number;
  readonly schema: string;
  readonly created_at: number;
}
