import { SluiceError } from '../errors.ts';
import type { DriverHost, DriverRef, ListedDriver } from './driver.ts';

/** Throws `not_found` where there is no such driver. */
export function requireDriver(drivers: Pick<DriverHost, 'drivers'>, { id, version }: DriverRef): ListedDriver {
  const versions = drivers.drivers().filter((driver) => driver.id === id);
  const found = versions.find((driver) => driver.version === version);
  if (found !== undefined) return found;
  const there = versions.length === 0 ? 'no version at all' : versions.map((driver) => driver.version).join(', ');
  throw new SluiceError('not_found', `Cannot use driver "${id}" ${version}: of this driver there is ${there}`);
}
