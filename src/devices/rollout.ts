/**
 * How far a driver version has come: a `shadow` runs beside the driver in use and changes nothing, a `canary` decodes for a
 * share of the devices, an `active` one for all that it matches, and one that is `off` for none.
 */
export type DriverStage = (typeof driverStages)[number];

export const driverStages = ['active', 'canary', 'shadow', 'off'] as const;

export interface Rollout {
  readonly stage: DriverStage;
  /** Of the devices of a canary, from 0 to 1. A device that a canary has keeps it when the share grows. */
  readonly share: number;
  /** Why it was turned off, where Sluice did that. */
  readonly reason?: string;
}

export const activeRollout: Rollout = { stage: 'active', share: 1 };

export interface Rollouts {
  /** Answers whether there is such a driver among those that users brought. */
  putRollout(driver: string, version: string, rollout: Rollout): Promise<boolean>;
}
