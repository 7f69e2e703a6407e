import type { BatchWriter } from '../../storage/staged-write.ts';
import type { QueueCounters } from './counters.ts';
import type { Entry } from './entry.ts';
import { expiryKey, type RowKeys, scheduleKey, stateKey } from './keys.ts';
import { expiresAtOf, seal } from './record.ts';
import { isPresent } from './transitions.ts';
import { encodeWaiting, type Waiting } from './waiting.ts';

const oneZero = Buffer.of(0);

/** Whose rows these are. */
interface RowOwner {
  readonly id: number;
  readonly counters: QueueCounters;
  readonly rowKeys: RowKeys;
}

/** Brings the rows on disk to what memory says: nothing at all for a message that came and went within one batch. */
export function writeRows(owner: RowOwner, entry: Entry, batch: BatchWriter): void {
  const present = isPresent(entry.state);
  if (present !== entry.stored) writeMessage(owner, entry, batch, present);
  const waiting = present ? entry.waiting : undefined;
  if (waiting !== entry.storedWaiting) writeWaiting(owner, entry, batch, waiting);
}

function writeMessage(owner: RowOwner, entry: Entry, batch: BatchWriter, present: boolean): void {
  const { record, lane } = entry;
  const key = owner.rowKeys.message(lane, entry.sequence);
  if (present) {
    seal(record);
    batch.put('messages', key, record);
  } else {
    batch.remove('messages', key);
  }
  const expiresAt = expiresAtOf(record);
  if (expiresAt !== 0) writeExpiry(expiryKey(owner.id, expiresAt, lane, entry.sequence), batch, present);
  entry.stored = present;
  owner.counters.changed(batch, lane, present ? 1 : -1, present ? record.length : -record.length, 0);
}

function writeExpiry(key: Buffer, batch: BatchWriter, present: boolean): void {
  if (present) batch.put('expiries', key, oneZero);
  else batch.remove('expiries', key);
}

function writeWaiting(owner: RowOwner, entry: Entry, batch: BatchWriter, waiting: Waiting | undefined): void {
  const { sequence, storedWaiting, lane } = entry;
  const key = stateKey(owner.id, sequence);
  if (storedWaiting !== undefined) batch.remove('schedule', scheduleKey(owner.id, storedWaiting.availableAt, sequence));
  if (waiting === undefined) {
    batch.remove('message-states', key);
  } else {
    batch.put('message-states', key, encodeWaiting(waiting));
    batch.put('schedule', scheduleKey(owner.id, waiting.availableAt, sequence), Buffer.of(lane));
  }
  const change = (waiting === undefined ? 0 : 1) - (storedWaiting === undefined ? 0 : 1);
  entry.storedWaiting = waiting;
  owner.counters.changed(batch, lane, 0, 0, change);
}
