import type { Rollout } from '../../devices/rollout.ts';
import type { StoredDriver } from '../../devices/store.ts';
import type { ExampleResult } from '../../pipeline/codec-examples/example-judge.ts';
import type { ExpectedExamples } from '../../pipeline/codec-examples/failing-examples.ts';
import type { DriverRef } from '../../pipeline/driver.ts';
import type { ShelvedDriver, ShownDriver } from '../../pipeline/driver-shelf.ts';
import type { JsonObject } from '../../std/json.ts';

/** The drivers that there are, and how one more comes in. */
export interface DriverDoor {
  /** Answers the examples that failed and were accepted. Rejects with `invalid_argument` where others do, and with `conflict`. */
  put(driver: StoredDriver, expected: ExpectedExamples): Promise<readonly ExampleResult[]>;
  /** Rejects with `not_found`, and with `invalid_argument` for one that is built in. */
  roll(ref: DriverRef, rollout: Rollout): Promise<void>;
  /** Throws `not_found`. */
  show(ref: DriverRef): ShownDriver;
  /** Every driver that is loaded, those that were brought before those that are built in. */
  list(): readonly ShelvedDriver[];
  /** JSON Schemas of what built-in drivers for devices of this type read, by event type. */
  eventSchemas(deviceType: string): Readonly<Record<string, JsonObject>>;
}
