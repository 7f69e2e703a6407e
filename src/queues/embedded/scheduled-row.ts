import type { Row } from '../../storage/environment.ts';
import type { EngineContext } from './context.ts';
import { availableAtOfScheduleKey, messageKey, sequenceOfScheduleKey, stateKey } from './keys.ts';
import type { StoredRow } from './stored-row.ts';
import { decodeWaiting, type Waiting, waitingUntil } from './waiting.ts';

const noRecord = Buffer.alloc(0);

/** A message that waits on disk, and what is wrong with its rows. */
export interface ScheduledRow extends StoredRow {
  readonly waiting: Waiting;
  readonly problem: string | undefined;
}

/** The message that a row of `schedule` speaks of, and what is wrong with its other rows. */
export function readScheduled(
  queue: number,
  environment: EngineContext['environment'],
  { key, value }: Row,
): ScheduledRow {
  const lane = value[0];
  const sequence = sequenceOfScheduleKey(key);
  const record = environment.get('messages', messageKey(queue, lane, sequence));
  const state = environment.get('message-states', stateKey(queue, sequence));
  const waiting = state === undefined ? undefined : decodeWaiting(state);
  const damagedState = waiting === undefined ? 'What is known of its failures is damaged' : undefined;
  return {
    lane,
    sequence,
    record: record ?? noRecord,
    // By the key, so that this row is the one that goes with the message.
    waiting: waiting ?? waitingUntil(availableAtOfScheduleKey(key)),
    problem: record === undefined ? 'Its record is missing' : damagedState,
  };
}
