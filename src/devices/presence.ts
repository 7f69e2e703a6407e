/** Whether a device is connected over MQTT, itself or to its gateway. One that never was has none. */
export interface Presence {
  readonly online: boolean;
  /** When it came for the last time, epoch milliseconds. */
  readonly connectedAt: number | undefined;
  /** When it went for the last time. */
  readonly disconnectedAt: number | undefined;
}

export interface PresenceChange {
  readonly deviceId: string;
  readonly online: boolean;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** One that was stored. */
export interface StoredPresence {
  readonly deviceId: string;
  readonly deviceType: string;
  readonly online: boolean;
}

export interface PresenceStore {
  /** In one commit. Answers those whose device is registered, with its type; of others nothing is kept. */
  put(changes: readonly PresenceChange[]): Promise<readonly (PresenceChange & StoredPresence)[]>;
  /** Turns at most so many that are online offline, in one commit, and answers them: none when there are no more. */
  turnOffline(at: number, rowsMax: number): Promise<readonly StoredPresence[]>;
  /** By device id, of those that have been connected. */
  of(deviceIds: readonly string[]): Promise<ReadonlyMap<string, Presence>>;
}
