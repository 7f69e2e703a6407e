import { createHash } from 'node:crypto';
import type { Death } from '../../message.ts';

/** What a death says of why, as far as groups are made by it. Every text is cut to what a group keeps. */
export interface Cause {
  readonly fingerprint: string;
  readonly code: string;
  readonly stage: string | undefined;
  readonly driver: string | undefined;
  readonly driverVersion: string | undefined;
  readonly deviceType: string | undefined;
  readonly eventType: string | undefined;
  readonly reason: string;
  readonly firstFailureAt: number;
  readonly lastFailureAt: number;
}

export const causeReasonCharsMax = 400;
export const causeNameCharsMax = 128;

/** One pass over the headers: it is done for every dead letter. */
export function causeOf(death: Death): Cause {
  let fingerprint: string | undefined;
  let stage: string | undefined;
  let driver: string | undefined;
  let driverVersion: string | undefined;
  let deviceType: string | undefined;
  let eventType: string | undefined;
  for (const [key, value] of death.headers) {
    if (key === 'fingerprint') fingerprint ??= value;
    else if (key === 'stage') stage ??= cut(value);
    else if (key === 'driver') driver ??= cut(value);
    else if (key === 'driver-version') driverVersion ??= cut(value);
    else if (key === 'device-type') deviceType ??= cut(value);
    else if (key === 'event-type') eventType ??= cut(value);
  }
  if (fingerprint === undefined || fingerprint.length > fingerprintCharsMax) fingerprint = fingerprintOf(death);
  const { firstFailureAt, lastFailureAt } = death;
  const reason = death.reason.length > causeReasonCharsMax ? death.reason.slice(0, causeReasonCharsMax) : death.reason;
  const code = cut(death.code);
  return {
    fingerprint,
    code,
    stage,
    driver,
    driverVersion,
    deviceType,
    eventType,
    reason,
    firstFailureAt,
    lastFailureAt,
  };
}

/**
 * Which group a dead letter is in: the header `fingerprint` of its death; where it has none, or a longer one than a group
 * keeps, made here from code, stage, driver and reason. What was published to a dead-letter queue has none.
 */
export function fingerprintOf(death: Death | undefined): string {
  if (death === undefined) return withoutDeath;
  const given = header(death, 'fingerprint');
  if (given !== undefined && given.length <= fingerprintCharsMax) return given;
  const [stage = '', driver = ''] = [header(death, 'stage'), header(death, 'driver')];
  const text = [given ?? '', death.code, stage, driver, normalised(death.reason)].join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** The fingerprint of what was published to a dead-letter queue and never died. */
export const withoutDeath = 'none';
const fingerprintCharsMax = 64;

/** A reason without what differs from message to message: quoted values, long hexadecimal runs and numbers. */
export function normalised(reason: string): string {
  return reason
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"')
    .replace(/\b[0-9a-f][0-9a-f-]{7,}\b/gi, (run) => (/\d/.test(run) ? '…' : run))
    .replace(/\d+(\.\d+)?/g, '0')
    .replace(/\s+/g, ' ')
    .trim();
}

function header({ headers }: Death, wanted: string): string | undefined {
  return headers.find(([key]) => key === wanted)?.[1];
}

function cut(text: string): string {
  return text.length > causeNameCharsMax ? text.slice(0, causeNameCharsMax) : text;
}
