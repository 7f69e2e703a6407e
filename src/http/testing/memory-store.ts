import type { ClaimKeyStore } from '../../devices/claim-keys.ts';
import type { DeviceType } from '../../devices/device-type.ts';
import type { EventSchemas, SchemaVersion } from '../../devices/event-schemas.ts';
import type { Presence, PresenceStore } from '../../devices/presence.ts';
import type { RawMessages } from '../../devices/raw.ts';
import type { Rollouts } from '../../devices/rollout.ts';
import type {
  ExportPosition,
  ExportQuery,
  ExportSlice,
  Series,
  SeriesPage,
  SeriesQuery,
  TypeSeriesPage,
  TypeSeriesQuery,
} from '../../devices/series.ts';
import type {
  Device,
  HistoryRow,
  InboxEntry,
  NewDevice,
  Readings,
  Registry,
  StateEntry,
  Store,
  StoredDriver,
  StoreNumbers,
} from '../../devices/store.ts';
import { SluiceError } from '../../errors.ts';
import { MemoryCredentials } from './memory-credentials.ts';

/** Devices in memory; readings are what a test puts there. */
export class MemoryStore implements Store {
  readonly types = new Map<string, DeviceType>();
  readonly known = new Map<string, Device>();
  readonly brought: StoredDriver[] = [];
  readonly rows: HistoryRow[] = [];
  readonly entries: StateEntry[] = [];
  readonly processed: (InboxEntry & { readonly messageId: string })[] = [];

  readonly asked: SeriesQuery[] = [];
  readonly exports: (ExportQuery & { after?: ExportPosition | undefined })[] = [];
  page: SeriesPage = { series: [], next: undefined };
  slices: ExportSlice[] = [];
  readonly askedOfTypes: TypeSeriesQuery[] = [];
  typePage: TypeSeriesPage = { devices: 0, series: [], next: undefined };

  async start(): Promise<void> {
    this.known.clear();
  }

  async stop(): Promise<void> {
    this.known.clear();
  }

  async numbers(): Promise<StoreNumbers> {
    return { stateKeysLeftOut: 29, rollups: [{ intervalMs: 60_000, reachedId: 31, behindRows: 37, behindMs: 41_000 }] };
  }

  readonly rollouts: Rollouts = {
    putRollout: async (id, version) => this.brought.some((each) => each.id === id && each.version === version),
  };

  readonly registry: Registry = {
    putDeviceType: async (type) => {
      this.types.set(type.name, type);
      return type;
    },
    removeDeviceType: async (name) => this.types.delete(name),
    deviceTypes: async () => [...this.types.values()],
    addDevice: async (device: NewDevice) => this.known.get(device.id) ?? this.registry.putDevice(device),
    putDevice: async (device: NewDevice) => {
      if (!this.types.has(device.type)) throw new SluiceError('not_found', `There is no device type "${device.type}"`);
      const stored = { ...device, createdAt: this.known.get(device.id)?.createdAt ?? 1_700_000_000_000 };
      this.known.set(device.id, stored);
      return stored;
    },
    device: async (id) => this.known.get(id),
    devices: async ({ after = '', limit, type }) =>
      [...this.known.values()]
        .filter((device) => device.id > after && (type === undefined || device.type === type))
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit),
    removeDevice: async (id) => this.known.delete(id),
    patchDevice: async (id, patch) => {
      const device = this.known.get(id);
      if (device === undefined) throw new SluiceError('device_unknown', `There is no device "${id}"`);
      const changed = { ...device, ...(patch.retired !== undefined && { retired: patch.retired }) };
      this.known.set(id, changed);
      return changed;
    },
    putDevices: async (rows) => {
      for (const { device } of rows) await this.registry.putDevice(device);
      return rows.map(() => ({ outcome: 'made' }));
    },
    countDevices: async () => this.known.size,
    putDriver: async (driver) => void this.brought.push(driver),
    drivers: async () => this.brought,
  };

  readonly credentials = new MemoryCredentials(this.known);

  /** What a test says of them. */
  readonly presences = new Map<string, Presence>();
  readonly presence: PresenceStore = {
    put: async () => [],
    turnOffline: async () => [],
    of: async (ids) => new Map([...this.presences].filter(([id]) => ids.includes(id))),
  };

  readonly claimKeys: ClaimKeyStore = {
    put: async ({ digest: _, ...key }) => ({ ...key, createdAt: 1_700_000_000_000 }),
    list: async () => [],
    remove: async () => false,
    check: (_, deviceId) => Promise.reject(new SluiceError('unauthenticated', `Check the key of ${deviceId}`)),
    claim: ({ deviceId }) => Promise.reject(new SluiceError('internal', `Check the key of ${deviceId} before`)),
  };

  /** What a test says of them. */
  readonly schemaVersions: SchemaVersion[] = [];
  readonly schemas: EventSchemas = {
    versions: async () => this.schemaVersions,
    schema: async ({ version }) => this.schemaVersions.find((each) => each.version === version)?.schema,
  };
  readonly raw: RawMessages = {
    slice: async () => ({ messages: [], next: undefined, end: 0 }),
    correct: async (batch) => batch.map(() => true),
  };

  readonly readings: Readings = {
    apply: async (batch) => batch.map(() => 'applied'),
    preview: async (batch) => batch.map(() => 'applied'),
    areStored: async (messages) => messages.map(() => false),
    state: async () => this.entries,
    history: async ({ from = 0, to = Number.POSITIVE_INFINITY, before = Number.POSITIVE_INFINITY, after, limit }) => {
      const rows = this.rows.filter((row) => row.time >= from && row.time < to && row.id < before);
      if (after === undefined) return rows.slice(0, limit);
      return rows
        .toReversed()
        .filter((row) => row.time > after.time)
        .slice(0, limit);
    },
    message: async (_, messageId) => this.rows.filter((row) => row.messageId === messageId),
    inbox: async (messageId, deviceId) =>
      this.processed.filter((each) => each.messageId === messageId && (deviceId ?? each.deviceId) === each.deviceId),
  };

  readonly series: Series = {
    points: async (query) => {
      this.asked.push(query);
      return this.page;
    },
    ofType: async (query) => {
      this.askedOfTypes.push(query);
      return this.typePage;
    },
    exported: async (query, after) => {
      this.exports.push({ ...query, after });
      return this.slices.shift() ?? { text: '', next: undefined };
    },
  };
}
