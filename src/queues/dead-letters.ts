import { createHash } from 'node:crypto';
import type { Engine, StoredMessage } from './engine.ts';

/** Dead letters with one cause. */
export interface DeadLetterGroup {
  /** The `fingerprint` header of the death; where it has none, made here from code, stage, driver and reason. */
  readonly fingerprint: string;
  readonly code: string;
  readonly stage: string | undefined;
  readonly driver: string | undefined;
  /** Of the newest message. */
  readonly reason: string;
  readonly count: number;
  /** Epoch milliseconds of the first and the last failure. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** How many died in each of the last 24 hours, the oldest hour first and the present one last. */
  readonly perHour: readonly number[];
  /** At most `deviceTypesMax`, in the order in which they were met. */
  readonly deviceTypes: readonly string[];
  /** The newest message of the group, to look at. */
  readonly sampleSequence: number;
}

export interface DeadLetterGroups {
  /** Largest first. */
  readonly groups: readonly DeadLetterGroup[];
  /** Dead letters that were looked at. */
  readonly total: number;
  /** There is more in the queue than was looked at, or there are more groups than were asked for. */
  readonly truncated: boolean;
}

/** From so many messages on, oldest first, a call looks no further. */
export const scannedMax = 100_000;
const deviceTypesMax = 20;
const hourMs = 3_600_000;
const hoursShown = 24;

/** Groups the dead letters of a queue by their cause; at most `limit` groups. Rejects with `queue_not_found`. */
export async function deadLetterGroups(
  engine: Engine,
  queue: string,
  limit: number,
  now: number,
): Promise<DeadLetterGroups> {
  const groups = new Map<string, Growing>();
  let total = 0;
  // Each is looked at as it comes by, and none is kept: they may be large.
  const look = (stored: StoredMessage): boolean => {
    addTo(groups, stored, now);
    total++;
    return false;
  };
  let next: number | undefined = 0;
  while (next !== undefined && total < scannedMax) {
    const page = await engine.browse(queue, { from: next, limit: 1, match: look });
    next = page.next;
  }
  const largest = [...groups.values()].sort((a, b) => b.count - a.count || a.firstAt - b.firstAt);
  return { groups: largest.slice(0, limit), total, truncated: next !== undefined || largest.length > limit };
}

type Growing = { -readonly [K in keyof DeadLetterGroup]: DeadLetterGroup[K] } & {
  deviceTypes: string[];
  perHour: number[];
};

function addTo(groups: Map<string, Growing>, stored: StoredMessage, now: number): void {
  const one = groupOf(stored);
  countHour(groups.get(one.fingerprint) ?? one, one.lastAt, now);
  const group = groups.get(one.fingerprint);
  if (group === undefined) {
    groups.set(one.fingerprint, one);
    return;
  }
  group.count++;
  group.reason = one.reason;
  group.sampleSequence = one.sampleSequence;
  group.firstAt = Math.min(group.firstAt, one.firstAt);
  group.lastAt = Math.max(group.lastAt, one.lastAt);
  const [type] = one.deviceTypes;
  if (type !== undefined && !group.deviceTypes.includes(type) && group.deviceTypes.length < deviceTypesMax) {
    group.deviceTypes.push(type);
  }
}

function countHour({ perHour }: Growing, at: number, now: number): void {
  const ago = Math.max(0, Math.floor((now - at) / hourMs));
  if (ago < hoursShown) perHour[hoursShown - 1 - ago]++;
}

/** The group of one. A message that was put here without a death is a group of its own kind. */
function groupOf(stored: StoredMessage): Growing {
  const { death, enqueuedAt, sequence } = stored;
  const deviceType = header(stored, 'device-type');
  return {
    fingerprint: fingerprintOf(stored),
    code: codeOf(stored),
    stage: header(stored, 'stage'),
    driver: header(stored, 'driver'),
    reason: reasonOf(stored),
    count: 1,
    firstAt: death?.firstFailureAt ?? enqueuedAt,
    lastAt: death?.lastFailureAt ?? enqueuedAt,
    perHour: new Array(hoursShown).fill(0),
    deviceTypes: deviceType === undefined ? [] : [deviceType],
    sampleSequence: sequence,
  };
}

/** Which group a message is in. */
export function fingerprintOf(stored: StoredMessage): string {
  const given = header(stored, 'fingerprint');
  if (given !== undefined) return given;
  const [stage = '', driver = ''] = [header(stored, 'stage'), header(stored, 'driver')];
  const text = [codeOf(stored), stage, driver, normalised(reasonOf(stored))].join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function codeOf({ death }: StoredMessage): string {
  return death?.code ?? 'none';
}

function reasonOf({ death }: StoredMessage): string {
  return death?.reason ?? 'The message was published to this queue';
}

function header({ death }: StoredMessage, name: string): string | undefined {
  return death?.headers.find(([key]) => key === name)?.[1];
}

/** A reason without what differs from message to message: quoted values, long hexadecimal runs and numbers. */
export function normalised(reason: string): string {
  return reason
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"')
    .replace(/\b[0-9a-f][0-9a-f-]{7,}\b/gi, (run) => (/\d/.test(run) ? '…' : run))
    .replace(/\d+(\.\d+)?/g, '0')
    .replace(/\s+/g, ' ')
    .trim();
}
