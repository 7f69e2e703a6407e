import type { StoredDriver } from '../../devices/store.ts';
import type { DriverMatch, DriverRef } from '../../pipeline/driver.ts';

/** The drivers that there are, and how one more comes in. */
export interface DriverDoor {
  put(driver: StoredDriver): Promise<void>;
  /** Every driver that is loaded, built in or brought. */
  list(): readonly (DriverRef & DriverMatch & { readonly builtIn: boolean })[];
}
