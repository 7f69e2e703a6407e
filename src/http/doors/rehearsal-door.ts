import type { Rehearsal, RehearsedMessage } from '../../pipeline/rehearsal.ts';

/** Tries messages without anything coming of it. */
export interface RehearsalDoor {
  /** What would become of dead letters of the ingest queue now. Changes nothing; one answer per message, in order. */
  run(messages: readonly RehearsedMessage[]): Promise<readonly Rehearsal[]>;
}
