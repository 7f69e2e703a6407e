import type { Finding, StoredRows } from '../../../storage/snapshot.ts';
import {
  availableAtOfScheduleKey,
  messageKey,
  scheduleKey,
  sequenceOfMessageKey,
  sequenceOfScheduleKey,
  sequenceOfStateKey,
  stateKey,
} from '../keys.ts';
import { damageOf, laneOf } from '../record.ts';
import { decodeWaiting } from '../waiting.ts';
import type { Tallies } from './tallies.ts';

/** Every record as it was written, in the lane that its key says, with a sequence that was given out. */
export function* checkMessages(rows: StoredRows, tallies: Tallies): Generator<Finding> {
  for (const { key, value } of rows.rows('messages')) {
    const tally = tallies.of('messages', key);
    if (tally === undefined) continue;
    const lane = key[4];
    const sequence = sequenceOfMessageKey(key);
    tally.lane(lane).messages++;
    tally.bytes += value.length;
    tally.causes?.add(sequence, value);
    const problem = damageOf(value) ?? misplaced(value, lane, sequence, tally.counted?.sequenceCeiling);
    if (problem !== undefined) yield { where: tally.message(sequence), problem };
  }
}

function misplaced(record: Buffer, lane: number, sequence: number, ceiling = 0): string | undefined {
  if (laneOf(record) !== lane) return `Its key says lane ${lane}, its record lane ${laneOf(record)}`;
  return sequence < ceiling ? undefined : `Its sequence was never given out: the counters reserve up to ${ceiling}`;
}

/** What waits is in the schedule, under the time that its state says, and is a message. */
export function* checkWaiting(rows: StoredRows, tallies: Tallies): Generator<Finding> {
  for (const { key, value } of rows.rows('message-states')) {
    const tally = tallies.of('message-states', key);
    if (tally === undefined) continue;
    const sequence = sequenceOfStateKey(key);
    const where = tally.message(sequence);
    const waiting = decodeWaiting(value);
    if (waiting === undefined) {
      yield { where, problem: 'What is known of its failures does not match its checksum' };
      continue;
    }
    const lane = rows.get('schedule', scheduleKey(tally.id, waiting.availableAt, sequence));
    if (lane === undefined) {
      yield { where, problem: `It waits until ${waiting.availableAt} and the schedule does not know` };
      continue;
    }
    tally.lane(lane[0]).waiting++;
    if (rows.get('messages', messageKey(tally.id, lane[0], sequence)) !== undefined) continue;
    yield { where, problem: 'It waits and its record is missing' };
  }
}

/** The schedule names nothing that does not wait. */
export function* checkSchedule(rows: StoredRows, tallies: Tallies): Generator<Finding> {
  for (const key of rows.keys('schedule')) {
    const tally = tallies.of('schedule', key);
    if (tally === undefined) continue;
    const sequence = sequenceOfScheduleKey(key);
    const availableAt = availableAtOfScheduleKey(key);
    const state = rows.get('message-states', stateKey(tally.id, sequence));
    const waiting = state && decodeWaiting(state);
    // A state that cannot be read has been told of.
    if (state !== undefined && (waiting === undefined || waiting.availableAt === availableAt)) continue;
    yield { where: tally.message(sequence), problem: `The schedule names it at ${availableAt} and its state does not` };
  }
}
