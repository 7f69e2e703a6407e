import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { sqliteLimits } from './limits.ts';

/** What the room of a (device, event type) is reckoned by. */
export interface RoomOfGroup {
  readonly deviceId: string;
  readonly eventType: string;
  /** Keys in the table together with those that this batch adds; undefined until it was asked for. */
  keys: number | undefined;
}

/** Keeps the latest state of a device within `stateKeysMax` and `stateEventTypesMax`, since keys and event types come from devices. */
export class StateRoom {
  readonly #countKeys: StatementSync;
  readonly #countEventTypes: StatementSync;
  /** Event types of each device, the new ones of this batch included; for the devices that brought a new one in it. */
  readonly #eventTypes = new Map<string, number>();
  readonly #leftOut = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#countKeys = database.prepare('SELECT count(*) AS n FROM state WHERE device_id = ? AND event_type = ?');
    // One seek for each event type: DISTINCT would read every key.
    this.#countEventTypes = database.prepare(
      `WITH RECURSIVE types(type) AS (
         SELECT min(event_type) FROM state WHERE device_id = ?1
         UNION ALL
         SELECT (SELECT min(event_type) FROM state WHERE device_id = ?1 AND event_type > type) FROM types WHERE type IS NOT NULL
       ) SELECT count(type) AS n FROM types`,
    );
  }

  /** Keys of this batch, by device, for which there was no room. */
  get leftOut(): ReadonlyMap<string, number> {
    return this.#leftOut;
  }

  /** Whether one more key of this group goes into the state; counts it either way. */
  take(group: RoomOfGroup): boolean {
    group.keys ??= (this.#countKeys.get(group.deviceId, group.eventType) as { n: number }).n;
    if (group.keys < sqliteLimits.stateKeysMax && (group.keys > 0 || this.#takeEventType(group.deviceId))) {
      group.keys++;
      return true;
    }
    this.#leftOut.set(group.deviceId, (this.#leftOut.get(group.deviceId) ?? 0) + 1);
    return false;
  }

  /** The batch ended. */
  close(): void {
    this.#eventTypes.clear();
    this.#leftOut.clear();
  }

  #takeEventType(deviceId: string): boolean {
    const known = this.#eventTypes.get(deviceId) ?? (this.#countEventTypes.get(deviceId) as { n: number }).n;
    const isRoom = known < sqliteLimits.stateEventTypesMax;
    this.#eventTypes.set(deviceId, isRoom ? known + 1 : known);
    return isRoom;
  }
}
