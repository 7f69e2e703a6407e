import type { DatabaseSync } from 'node:sqlite';
import type { JsonObject } from '../../std/json.ts';
import type { Claim, ClaimKey, NewClaimKey } from '../claim-keys.ts';
import type { DeviceAccount, DeviceCredential, NewCredential, OthersOfKind } from '../credentials.ts';
import type {
  Device,
  DeviceFilter,
  DevicePatch,
  DeviceQuery,
  ImportedDevice,
  ImportOutcome,
  NewDevice,
} from '../device.ts';
import type { DeviceType } from '../device-type.ts';
import type { SchemaName, SchemaVersion } from '../event-schemas.ts';
import type { Presence, PresenceChange, StoredPresence } from '../presence.ts';
import type { Correction, RawQuery, RawSlice } from '../raw.ts';
import type { Rollout } from '../rollout.ts';
import type { ExportPosition, ExportQuery, ExportSlice, SeriesPage, SeriesQuery, TypeSeriesQuery } from '../series.ts';
import type { HistoryQuery, HistoryRow, InboxEntry, MessageKey, StateEntry, StoredDriver } from '../store.ts';
import { AgeRetention, type UsualAges } from './age-retention.ts';
import type { AppliedBatch, EncodedBatch, EncodedOutcomes } from './batch.ts';
import { BulkTables } from './bulk-tables.ts';
import { ClaimTables } from './claim-tables.ts';
import { Corrections } from './corrections.ts';
import { CredentialTables } from './credential-tables.ts';
import { openForReading, openForWriting } from './database.ts';
import { DeviceTables } from './device-tables.ts';
import { ExportQueries } from './export-queries.ts';
import { HistoryIds } from './history-ids.ts';
import { PresenceTables } from './presence-tables.ts';
import { RawQueries } from './raw-queries.ts';
import { ReadingsQueries } from './readings-queries.ts';
import { ReadingsTables } from './readings-tables.ts';
import { RegistryTables } from './registry-tables.ts';
import { Retention } from './retention.ts';
import { RollupLag, type RollupReach } from './rollup-lag.ts';
import { type RollupBounds, RollupTables } from './rollup-tables.ts';
import { SchemaTables } from './schema-tables.ts';
import { SeriesQueries, type TypeSeriesSlice } from './series-queries.ts';
import { Statements } from './statements.ts';
import { StepPace } from './step-pace.ts';
import { StoryQueries } from './story-queries.ts';
import { TypeRetention } from './type-retention.ts';

/** What a worker can be asked for. Arguments and answers cross the thread as structured clones. */
export interface Operations {
  putDeviceType(type: DeviceType, now: number): DeviceType;
  removeDeviceType(name: string): boolean;
  putDevice(device: NewDevice, now: number): Device;
  addDevice(device: NewDevice, now: number): Device;
  patchDevice(id: string, patch: DevicePatch, now: number): Device;
  putDevices(devices: readonly ImportedDevice[], now: number): ImportOutcome[];
  putFirmwareVersion(deviceId: string, firmwareVersion: string): boolean;
  putPresence(changes: readonly PresenceChange[]): (PresenceChange & StoredPresence)[];
  turnOffline(at: number, rowsMax: number): StoredPresence[];
  putCredential(credential: NewCredential, others: OthersOfKind, now: number): DeviceCredential;
  removeCredential(deviceId: string, id: string | undefined, now: number): boolean;
  putClaimKey(key: NewClaimKey, now: number): ClaimKey;
  removeClaimKey(id: string): boolean;
  checkClaim(claim: Pick<Claim, 'digest' | 'deviceId'>, now: number): void;
  claim(claim: Claim, now: number): Device;
  putDriver(driver: StoredDriver): void;
  putRollout(driver: string, version: string, rollout: Rollout): boolean;
  apply(batch: EncodedBatch): AppliedBatch;
  preview(batch: EncodedBatch): EncodedOutcomes;
  areStored(messages: readonly MessageKey[]): boolean[];
  correct(batch: readonly Correction[]): boolean[];
  sweep(now: number, usual: UsualAges, rowsMax: number): boolean;
  rollUp(widths: readonly number[], bounds: RollupBounds): boolean;
  sweepTypes(now: number, rollupWidths: readonly number[], rowsMax: number): boolean;
  forgetReadings(deviceId: string, rowsMax: number): boolean;
  removeDevice(deviceId: string): boolean;

  deviceTypes(): DeviceType[];
  schemaVersions(deviceType: string, eventType: string): SchemaVersion[];
  schema(name: SchemaName): JsonObject | undefined;
  device(id: string): Device | undefined;
  devices(query: DeviceQuery): Device[];
  countDevices(filter: DeviceFilter): number;
  presence(deviceIds: readonly string[]): ReadonlyMap<string, Presence>;
  credentials(deviceId: string): DeviceCredential[];
  account(deviceId: string): DeviceAccount | undefined;
  accountOf(kind: 'token' | 'certificate', verifier: string): DeviceAccount | undefined;
  claimKeys(): ClaimKey[];
  drivers(): StoredDriver[];
  state(deviceId: string): StateEntry[];
  history(query: HistoryQuery): HistoryRow[];
  message(deviceId: string, messageId: string): HistoryRow[];
  inbox(messageId: string, deviceId: string | undefined, limit: number): InboxEntry[];
  rollupReach(widths: readonly number[]): RollupReach[];
  rawSlice(query: RawQuery): RawSlice;

  seriesPoints(query: SeriesQuery): SeriesPage;
  typeSeriesSlice(query: TypeSeriesQuery, after: string): TypeSeriesSlice;
  exportSlice(query: ExportQuery, after: ExportPosition | undefined): ExportSlice;
}

export type OperationName = keyof Operations;

/**
 * The writer takes what changes something, the reader what does not, and the scanner what looks at many rows: a long query
 * never holds up a batch, and never who asks for a device.
 */
export type WorkerRole = 'writer' | 'reader' | 'scanner';

export interface WorkerOptions {
  readonly path: string;
  readonly role: WorkerRole;
  readonly stateKeysCachedMax: number;
}

export interface OpenOperations {
  readonly operations: Partial<Operations>;
  close(): void;
}

export function openOperations(options: WorkerOptions): OpenOperations {
  const database = options.role === 'writer' ? openForWriting(options.path) : openForReading(options.path);
  const operations = operationsOf[options.role](database, options);
  return { operations, close: () => database.close() };
}

const operationsOf: Readonly<
  Record<WorkerRole, (database: DatabaseSync, options: WorkerOptions) => Partial<Operations>>
> = { writer: writerOperations, reader: readerOperations, scanner: scannerOperations };

function writerOperations(database: DatabaseSync, { stateKeysCachedMax }: WorkerOptions): Partial<Operations> {
  const sql = new Statements(database);
  const registry = new RegistryTables(sql);
  const schemas = new SchemaTables(database, registry);
  const ids = new HistoryIds(database);
  const devices = new DeviceTables(sql, ids);
  const credentials = new CredentialTables(sql, devices);
  const presence = new PresenceTables(sql);
  const bulk = new BulkTables(sql, devices, credentials);
  const claims = new ClaimTables(sql, devices, credentials);
  const readings = new ReadingsTables(database, ids, stateKeysCachedMax);
  const retention = new Retention(database);
  const ages = new AgeRetention(database);
  const rollups = new RollupTables(database);
  const corrections = new Corrections(database, ids, rollups);
  const types = new TypeRetention(database);
  const changes = (): number => sql.get<{ n: number }>('SELECT total_changes() AS n')?.n ?? 0;
  const pace = { sweep: new StepPace(changes), types: new StepPace(changes), device: new StepPace(changes) };
  return {
    putDeviceType: (type, now) => schemas.putDeviceType(type, now),
    removeDeviceType: (name) => schemas.removeDeviceType(name),
    putDevice: (device, now) => devices.put(device, now),
    addDevice: (device, now) => devices.add(device, now),
    patchDevice: (id, patch, now) => devices.patch(id, patch, now),
    putDevices: (rows, now) => bulk.put(rows, now),
    putFirmwareVersion: (deviceId, version) => devices.putFirmwareVersion(deviceId, version),
    putPresence: (changes) => presence.put(changes),
    turnOffline: (at, rowsMax) => presence.turnOffline(at, rowsMax),
    putCredential: (credential, others, now) => credentials.put(credential, others, now),
    removeCredential: (deviceId, id, now) => credentials.remove(deviceId, id, now),
    putClaimKey: (key, now) => claims.put(key, now),
    removeClaimKey: (id) => claims.remove(id),
    claim: (claim, now) => claims.claim(claim, now),
    putDriver: (driver) => registry.putDriver(driver),
    putRollout: (driver, version, rollout) => registry.putRollout(driver, version, rollout),
    apply: (batch) => readings.apply(batch),
    preview: (batch) => readings.preview(batch),
    areStored: (messages) => readings.areStored(messages),
    correct: (batch) => {
      const corrected = corrections.correct(batch);
      readings.forgetState();
      return corrected;
    },
    sweep: (now, usual, rowsMax) => pace.sweep.run(rowsMax, (rows) => ages.sweep(now, usual, rows)),
    rollUp: (widths, bounds) => rollups.step(widths, bounds),
    sweepTypes: (now, widths, rowsMax) => {
      const reached = rollups.reached(widths) ?? Number.MAX_SAFE_INTEGER;
      return pace.types.run(rowsMax, (rows) => types.step(now, reached, rows));
    },
    forgetReadings: (deviceId, rowsMax) => pace.device.run(rowsMax, (rows) => retention.forgetReadings(deviceId, rows)),
    removeDevice: (deviceId) => {
      const removed = retention.removeDevice(deviceId);
      readings.forgetState();
      rollups.forgetDevice(deviceId);
      return removed;
    },
  };
}

function readerOperations(database: DatabaseSync): Partial<Operations> {
  const sql = new Statements(database);
  const registry = new RegistryTables(sql);
  const schemas = new SchemaTables(database, registry);
  const devices = new DeviceTables(sql, new HistoryIds(database));
  const credentials = new CredentialTables(sql, devices);
  const claims = new ClaimTables(sql, devices, credentials);
  const presence = new PresenceTables(sql);
  const queries = new ReadingsQueries(database);
  const stories = new StoryQueries(database);
  const rollups = new RollupLag(database);
  return {
    deviceTypes: () => registry.deviceTypes(),
    schemaVersions: (deviceType, eventType) => schemas.versions(deviceType, eventType),
    schema: (name) => schemas.schema(name),
    device: (id) => devices.device(id),
    devices: (query) => devices.devices(query),
    countDevices: (filter) => devices.count(filter),
    presence: (deviceIds) => presence.of(deviceIds),
    credentials: (deviceId) => credentials.list(deviceId),
    account: (deviceId) => credentials.account(deviceId),
    accountOf: (kind, verifier) => credentials.accountOf(kind, verifier),
    claimKeys: () => claims.list(),
    checkClaim: (claim, now) => claims.check(claim, now),
    drivers: () => registry.drivers(),
    state: (deviceId) => queries.state(deviceId),
    history: (query) => queries.history(query),
    message: (deviceId, messageId) => queries.message(deviceId, messageId),
    inbox: (messageId, deviceId, limit) => stories.inbox(messageId, deviceId, limit),
    rollupReach: (widths) => rollups.reach(widths),
  };
}

function scannerOperations(database: DatabaseSync): Partial<Operations> {
  const series = new SeriesQueries(database);
  const exports = new ExportQueries(database);
  const raw = new RawQueries(database);
  return {
    seriesPoints: (query) => series.points(query),
    typeSeriesSlice: (query, after) => series.typeSlice(query, after),
    exportSlice: (query, after) => exports.slice(query, after),
    rawSlice: (query) => raw.slice(query),
  };
}
