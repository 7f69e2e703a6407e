import { readU48 } from '../../../std/numbers.ts';
import type { Finding, StoredRows } from '../../../storage/snapshot.ts';
import type { TableName } from '../../../storage/tables.ts';
import { messageKey } from '../keys.ts';
import { damageOf, expiresAtOf } from '../record.ts';
import type { QueueTally, Tallies } from './tallies.ts';

const queueBytes = 4;
const timeBytes = 6;

/** What the other tables say of messages, duplicates and groups is so. */
export function* checkIndexes(rows: StoredRows, tallies: Tallies): Generator<Finding> {
  yield* checkExpiries(rows, tallies);
  yield* checkLastValues(rows, tallies);
  yield* checkDeduplication(rows, tallies);
  yield* checkGroups(rows, tallies);
}

/** The message has that end in its header. */
function* checkExpiries(rows: StoredRows, tallies: Tallies): Generator<Finding> {
  for (const key of rows.keys('expiries')) {
    const tally = tallies.of('expiries', key);
    if (tally === undefined) continue;
    const expiresAt = readU48(key, queueBytes);
    const [lane, sequence] = [key[10], readU48(key, 11)];
    const record = rows.get('messages', messageKey(tally.id, lane, sequence));
    // A record that is damaged has been told of.
    if (record !== undefined && (damageOf(record) !== undefined || expiresAtOf(record) === expiresAt)) continue;
    yield stray(tally, 'expiries', sequence);
  }
}

function* checkLastValues(rows: StoredRows, tallies: Tallies): Generator<Finding> {
  for (const { key, value } of rows.rows('last-values')) {
    const tally = tallies.of('last-values', key);
    if (tally === undefined) continue;
    const sequence = readU48(value, 1);
    if (rows.get('messages', messageKey(tally.id, value[0], sequence)) !== undefined) continue;
    yield stray(tally, 'last-values', sequence);
  }
}

/** Each remembered id has its time to be forgotten, and the other way round. */
function* checkDeduplication(rows: StoredRows, tallies: Tallies): Generator<Finding> {
  for (const { key, value } of rows.rows('deduplication')) {
    const tally = tallies.of('deduplication', key);
    if (tally === undefined) continue;
    const expiry = Buffer.concat([key.subarray(0, queueBytes), value.subarray(0, timeBytes), key.subarray(queueBytes)]);
    if (rows.get('deduplication-expiry', expiry) !== undefined) continue;
    yield {
      where: `queue "${tally.name}"`,
      problem: `An id is remembered and never forgotten: ${key.toString('hex')}`,
    };
  }
  for (const key of rows.keys('deduplication-expiry')) {
    const tally = tallies.of('deduplication-expiry', key);
    if (tally === undefined) continue;
    const id = Buffer.concat([key.subarray(0, queueBytes), key.subarray(queueBytes + timeBytes)]);
    if (rows.get('deduplication', id) !== undefined) continue;
    yield {
      where: `queue "${tally.name}"`,
      problem: `An id is to be forgotten and is not remembered: ${key.toString('hex')}`,
    };
  }
}

function* checkGroups(rows: StoredRows, tallies: Tallies): Generator<Finding> {
  for (const key of rows.keys('dead-letter-groups')) tallies.of('dead-letter-groups', key);
  for (const key of rows.keys('groups')) tallies.of('groups', key);
  for (const key of rows.keys('group-states')) {
    const tally = tallies.of('group-states', key);
    const group = key.subarray(0, 2 * queueBytes);
    if (tally === undefined || rows.get('groups', group) !== undefined) continue;
    yield {
      where: `queue "${tally.name}"`,
      problem: `A position of group ${group.readUInt32BE(queueBytes)}, which is not there`,
    };
  }
}

function stray(tally: QueueTally, table: TableName, sequence: number): Finding {
  return { where: tally.message(sequence), problem: `Table ${table} names it, and there is no such message` };
}
