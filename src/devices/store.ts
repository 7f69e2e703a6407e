import type { JsonObject, JsonValue } from '../std/json.ts';
import type { ClaimKeyStore } from './claim-keys.ts';
import type { CredentialStore } from './credentials.ts';
import type {
  Device,
  DeviceFilter,
  DevicePatch,
  DeviceQuery,
  ImportedDevice,
  ImportOutcome,
  NewDevice,
} from './device.ts';
import type { DeviceType } from './device-type.ts';
import type { EventSchemas } from './event-schemas.ts';
import type { PresenceStore } from './presence.ts';
import type { MessageSaid, RawMessages } from './raw.ts';
import type { Reading } from './reading.ts';
import type { Rollout, Rollouts } from './rollout.ts';
import type { Series } from './series.ts';

export type { Device, NewDevice } from './device.ts';
export type { Reading };

/**
 * What Sluice knows of devices: the registry, the drivers that users brought, latest state and history. Every write is
 * durable when its promise resolves. Implementations run off the main thread.
 */
export interface Store {
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly registry: Registry;
  readonly credentials: CredentialStore;
  readonly claimKeys: ClaimKeyStore;
  readonly readings: Readings;
  readonly schemas: EventSchemas;
  readonly raw: RawMessages;
  readonly rollouts: Rollouts;
  readonly presence: PresenceStore;
  readonly series: Series;
  numbers(): Promise<StoreNumbers>;
}

export interface StoreNumbers {
  /** Keys of readings since the start that are in the history and not in the state, which had no room for them. */
  readonly stateKeysLeftOut: number;
  /** One for each interval for which roll-ups are kept; empty where it cannot be told now. */
  readonly rollups: readonly RollupProgress[];
}

/** How far the roll-ups of one interval are behind the history. */
export interface RollupProgress {
  readonly intervalMs: number;
  /** The last row of history that is in them. */
  readonly reachedId: number;
  /** Rows that are not in them, at most: ids that a restart skipped count too. */
  readonly behindRows: number;
  /** How long the first of them has waited. */
  readonly behindMs: number;
}

export interface Registry {
  /** Answers it with the versions of its schemas, which are stored with it in one commit. */
  putDeviceType(type: DeviceType): Promise<DeviceType>;
  /** Answers whether there was one. Rejects with `conflict` while it has devices. */
  removeDeviceType(name: string): Promise<boolean>;
  deviceTypes(): Promise<readonly DeviceType[]>;
  /** Makes or replaces the device; its credentials and state stay. Rejects with `not_found` where the type or the gateway does not exist. */
  putDevice(device: NewDevice): Promise<Device>;
  /** Makes the device where there is none, and changes none. Answers the one that is there then. Rejects as `putDevice` does. */
  addDevice(device: NewDevice): Promise<Device>;
  /** Changes what is named. Rejects with `device_unknown`, and as `putDevice` does. */
  patchDevice(id: string, patch: DevicePatch): Promise<Device>;
  /** Makes or replaces many, in one commit: one result each. Those that cannot be change nothing. */
  putDevices(devices: readonly ImportedDevice[]): Promise<readonly ImportOutcome[]>;
  device(id: string): Promise<Device | undefined>;
  /** In id order, from after `after`. */
  devices(query: DeviceQuery): Promise<readonly Device[]>;
  countDevices(filter: DeviceFilter): Promise<number>;
  /** Forgets the device, its credentials, state and history; what it was the gateway of has none then. Answers whether there was one. */
  removeDevice(id: string): Promise<boolean>;
  /** The rollout of a driver that is there already stays. */
  putDriver(driver: StoredDriver): Promise<void>;
  drivers(): Promise<readonly StoredDriver[]>;
}

export interface FirmwareVersions {
  /** Changes this alone. Answers whether there is such a device: none is made. */
  putFirmwareVersion(deviceId: string, firmwareVersion: string): Promise<boolean>;
}

export interface Readings {
  /**
   * One transaction for the whole batch, in its order: inbox → latest state → history. One outcome per message.
   * A message whose (device, message id) is in the inbox changes nothing and is a `duplicate`; one whose device is not
   * registered (any more) changes nothing and is `unknown`.
   */
  apply(batch: readonly ProcessedMessage[]): Promise<readonly StoreOutcome[]>;
  /** What `apply` would answer now, changing nothing. */
  preview(batch: readonly ProcessedMessage[]): Promise<readonly StoreOutcome[]>;
  /** Whether each of them was stored, by this call or one before: asked behind every batch that was given to `apply`. */
  areStored(messages: readonly MessageKey[]): Promise<readonly boolean[]>;
  /** Latest value per event type and key. */
  state(deviceId: string): Promise<readonly StateEntry[]>;
  /** By `time`, newest first or oldest first. */
  history(query: HistoryQuery): Promise<readonly HistoryRow[]>;
  /** What one message became: its history rows, until they are a page full; empty where it is not known (yet). */
  message(deviceId: string, messageId: string): Promise<readonly HistoryRow[]>;
  /** The messages with this id that were processed, in the order of their devices: of one device, or of any. At most `limit`. */
  inbox(messageId: string, deviceId: string | undefined, limit: number): Promise<readonly InboxEntry[]>;
}

/** A driver that came in over the API: a codec script with the devices that it is for. */
export interface StoredDriver {
  readonly id: string;
  /** Semver. */
  readonly version: string;
  readonly deviceType: string;
  /** Semver range; `*` for every firmware. */
  readonly firmware: string;
  /** JavaScript that defines `decodeUplink(input)`, in the form of The Things Stack. */
  readonly script: string;
  readonly createdAt: number;
  /** Absent: active. */
  readonly rollout?: Rollout;
}

export interface ProcessedMessage {
  readonly deviceId: string;
  readonly messageId: string;
  readonly receivedAt: number;
  readonly processedAt: number;
  readonly driver: string;
  readonly driverVersion: string;
  /** The payload as it arrived, and what is needed to decode it again. */
  readonly raw: Buffer;
  readonly topic: string;
  readonly fPort: number | undefined;
  readonly said?: MessageSaid | undefined;
  readonly warnings: readonly string[];
  readonly readings: readonly Reading[];
}

/** A message that was processed. */
export interface InboxEntry {
  readonly deviceId: string;
  /** Epoch milliseconds. */
  readonly processedAt: number;
  /** How many it had. */
  readonly readings: number;
  /** The payload as it came; undefined once it is not kept any more. */
  readonly raw:
    | {
        readonly topic: string;
        readonly fPort: number | undefined;
        readonly driver: string;
        readonly driverVersion: string;
        readonly payload: Uint8Array;
      }
    | undefined;
}

/** What makes two messages the same one. */
export interface MessageKey {
  readonly deviceId: string;
  readonly messageId: string;
}

/** `stale`: kept in history, but everything it says was already known with a newer (time, seq). */
export type AppliedOutcome = 'applied' | 'stale' | 'duplicate';
export type StoreOutcome = AppliedOutcome | 'unknown';

export interface StateEntry {
  readonly eventType: string;
  readonly key: string;
  readonly value: JsonValue;
  readonly time: number;
  readonly seq: number | undefined;
  readonly messageId: string;
}

export interface HistoryQuery {
  readonly deviceId: string;
  readonly eventType?: string;
  /** Epoch milliseconds, inclusive. */
  readonly from?: number;
  /** Epoch milliseconds, exclusive. */
  readonly to?: number;
  /** Newest first: the `id` of the last row of the page before. */
  readonly before?: number;
  /** Oldest first: where the last row of the page before stood, which may be gone by now; `historyStart` for the first page. */
  readonly after?: HistoryPlace;
  readonly limit: number;
}

export interface HistoryPlace {
  readonly time: number;
  readonly id: number;
}

/** In front of every row. */
export const historyStart: HistoryPlace = { time: Number.MIN_SAFE_INTEGER, id: 0 };

export interface HistoryRow {
  readonly id: number;
  readonly messageId: string;
  readonly eventType: string;
  readonly time: number;
  readonly seq: number | undefined;
  readonly receivedAt: number;
  readonly processedAt: number;
  readonly driver: string;
  readonly driverVersion: string;
  readonly outcome: 'applied' | 'stale';
  readonly data: JsonObject;
  /** What the driver and the schema warned of, at the first row of the message. */
  readonly warnings?: readonly string[];
}
