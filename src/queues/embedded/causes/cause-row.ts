import { createHash } from 'node:crypto';
import { CauseGroup } from '../../causes/cause-group.ts';
import { departureNames } from '../../causes/dead-letter-groups.ts';
import { digestKey, queueKey } from '../keys.ts';

/*
 * Rows of `dead-letter-groups`:
 *
 *   | queue |                     → messages that no group counts f64; there while the rows of the groups say what is so
 *   | queue | 0 |                 → the group of all others
 *   | queue | digest, 16 bytes |  → a group, open or closed
 *
 * A group is
 *
 *   | version u8 = 1 | count, bytes, died, firstAt, lastAt, since, sampleSequence, closedAt: f64 each | departures: f64 each
 *   | minutes | hours: the newest u48, then u32 each | JSON: its texts |
 */
const rowVersion = 1;
const numberNames = ['count', 'bytes', 'died', 'firstAt', 'lastAt', 'since', 'sampleSequence', 'closedAt'] as const;
const numbersAt = 1;
const departuresAt = numbersAt + numberNames.length * 8;
const minutesAt = departuresAt + departureNames.length * 8;

type Texts = Pick<CauseGroup, 'fingerprint' | 'code' | 'stage' | 'driver' | 'reason'> &
  Pick<CauseGroup, 'deviceTypes' | 'driverVersions' | 'eventTypes'>;

export const bookKey = queueKey;

export function groupKey(queue: number, fingerprint: string): Buffer {
  return digestKey(queue, createHash('sha256').update(fingerprint).digest().toString('latin1', 0, 16));
}

export function otherKey(queue: number): Buffer {
  return digestKey(queue, '\0');
}

export function isBookKey(key: Buffer): boolean {
  return key.length === 4;
}

export function isOtherKey(key: Buffer): boolean {
  return key.length === 5;
}

/** What the row of the book says: messages that no group counts. */
export function encodeBook(withoutDeath: number): Buffer {
  const row = Buffer.allocUnsafe(8);
  row.writeDoubleBE(withoutDeath);
  return row;
}

export function decodeBook(row: Buffer): number {
  return row.readDoubleBE(0);
}

export function encodeGroup(group: CauseGroup): Buffer {
  const { fingerprint, code, stage, driver, reason, deviceTypes, driverVersions, eventTypes } = group;
  const texts: Texts = { fingerprint, code, stage, driver, reason, deviceTypes, driverVersions, eventTypes };
  const text = Buffer.from(JSON.stringify(texts));
  const { perMinute, perHour } = group;
  const hoursAt = minutesAt + perMinute.storedBytes;
  const textAt = hoursAt + perHour.storedBytes;
  const row = Buffer.allocUnsafe(textAt + text.length);
  row[0] = rowVersion;
  for (const [i, name] of numberNames.entries()) row.writeDoubleBE(group[name], numbersAt + i * 8);
  for (const [i, name] of departureNames.entries()) row.writeDoubleBE(group.left[name], departuresAt + i * 8);
  perMinute.writeTo(row, minutesAt);
  perHour.writeTo(row, hoursAt);
  row.set(text, textAt);
  return row;
}

/** Undefined where the row cannot be read. */
export function decodeGroup(row: Buffer): CauseGroup | undefined {
  const probe = new CauseGroup('');
  const textAt = minutesAt + probe.perMinute.storedBytes + probe.perHour.storedBytes;
  const texts = row[0] === rowVersion ? textsOf(row.subarray(textAt)) : undefined;
  if (texts === undefined) return undefined;
  const group = Object.assign(new CauseGroup(texts.fingerprint), texts);
  for (const [i, name] of numberNames.entries()) group[name] = row.readDoubleBE(numbersAt + i * 8);
  for (const [i, name] of departureNames.entries()) group.left[name] = row.readDoubleBE(departuresAt + i * 8);
  group.perMinute.readFrom(row, minutesAt);
  group.perHour.readFrom(row, minutesAt + group.perMinute.storedBytes);
  return group;
}

/** The texts are the end of the row, so that one that was cut off has none. */
function textsOf(text: Buffer): Texts | undefined {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}
