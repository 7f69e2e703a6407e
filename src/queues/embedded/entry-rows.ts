import type { BatchWriter } from '../../storage/staged-write.ts';
import type { QueueCounters } from './counters.ts';
import type { Entry } from './entry.ts';
import { expiryKey, type RowKeys, scheduleKey, stateKey } from './keys.ts';
import { expiresAtOf, laneOf, seal } from './record.ts';
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
  if (present !== entry.stored || entry.replaced !== undefined) writeMessage(owner, entry, batch, present);
  const waiting = present ? entry.waiting : undefined;
  if (waiting !== entry.storedWaiting) writeWaiting(owner, entry, batch, waiting);
}

function writeMessage(owner: RowOwner, entry: Entry, batch: BatchWriter, present: boolean): void {
  const { lane, sequence, stored } = entry;
  const key = owner.rowKeys.message(lane, sequence);
  const before = stored ? (entry.replaced ?? entry.record) : undefined;
  const record = present ? entry.record : undefined;
  if (before !== undefined) removeExpiry(owner, before, sequence, batch);
  if (record === undefined) batch.remove('messages', key);
  else putMessage(owner, key, record, sequence, batch);
  entry.stored = present;
  entry.replaced = undefined;
  const messages = (present ? 1 : 0) - (stored ? 1 : 0);
  owner.counters.changed(batch, lane, messages, (record?.length ?? 0) - (before?.length ?? 0), 0);
}

function putMessage({ id }: RowOwner, key: Buffer, record: Buffer, sequence: number, batch: BatchWriter): void {
  seal(record);
  batch.put('messages', key, record);
  const expiresAt = expiresAtOf(record);
  if (expiresAt !== 0) batch.put('expiries', expiryKey(id, expiresAt, laneOf(record), sequence), oneZero);
}

function removeExpiry({ id }: RowOwner, record: Buffer, sequence: number, batch: BatchWriter): void {
  const expiresAt = expiresAtOf(record);
  if (expiresAt !== 0) batch.remove('expiries', expiryKey(id, expiresAt, laneOf(record), sequence));
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
