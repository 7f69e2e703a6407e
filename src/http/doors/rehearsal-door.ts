import type { DriverRef } from '../../pipeline/driver.ts';
import type { Rehearsal, RehearsedMessage } from '../../pipeline/rehearsal.ts';

/** Tries messages without anything coming of it. */
export interface RehearsalDoor {
  /**
   * What would become of dead letters of the ingest queue now, with this driver where one is named. Changes nothing; one
   * answer per message, in order. Rejects with `not_found` where there is no such driver.
   */
  run(messages: readonly RehearsedMessage[], driver?: DriverRef): Promise<readonly Rehearsal[]>;
}
