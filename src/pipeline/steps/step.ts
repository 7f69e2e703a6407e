import type { Readings } from '../../devices/store.ts';
import type { Clock } from '../../std/clock.ts';
import type { DriverHost } from '../driver.ts';
import type { NamedSchemas } from '../named-schemas.ts';
import type { KnownDevice, RegistryCache } from '../registry-cache.ts';
import type { Work } from '../work.ts';

/** A step sees the works of a batch that are still going. It stops a work or adds to it; it throws for neither. */
export interface Step {
  readonly name: string;
  run(works: readonly Work[], context: StepContext): void | Promise<void>;
}

export interface StepContext {
  readonly devices: RegistryCache;
  readonly drivers: Pick<DriverHost, 'resolve' | 'decode'>;
  readonly readings: Readings;
  readonly schemas: NamedSchemas;
  readonly clock: Clock;
  nextMessageId(): string;
  /** Told of works that their drivers have dealt with, whether they could read them or not. They go on when it resolves. */
  decoded(works: readonly Work[]): void | Promise<void>;
  /** Told of a firmware version that a message says its device has. */
  firmwareSeen(known: KnownDevice, firmwareVersion: string, receivedAt: number): void;
}
