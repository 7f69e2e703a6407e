import type { Stranger } from '../../pipeline/strangers.ts';

/** Who sends without being registered. */
export interface StrangerDoor {
  /** Those that sent last stand first. */
  list(): readonly Stranger[];
  forget(deviceId: string): void;
}
