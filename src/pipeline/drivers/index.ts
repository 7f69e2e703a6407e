import type { Driver } from '../driver.ts';
import { driver as cayenneLpp } from './cayenne-lpp/driver.ts';
import { driver as cloudEvents } from './cloud-events/driver.ts';
import { drivers as decentlab } from './decentlab/driver.ts';
import { drivers as digitalMatter } from './digital-matter/driver.ts';
import { driver as json } from './json/driver.ts';
import { driver as milesight } from './milesight/driver.ts';
import { driver as nwave } from './nwave/driver.ts';
import { driver as senml } from './senml/driver.ts';

/** Every driver that Sluice brings. A driver's place in this list is its number between the threads: the order is fixed while a process runs. */
export const builtInDrivers: readonly Driver[] = [
  json,
  senml,
  cayenneLpp,
  cloudEvents,
  ...decentlab,
  milesight,
  ...digitalMatter,
  nwave,
];
