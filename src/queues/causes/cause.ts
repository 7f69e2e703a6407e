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

export function causeOf(death: Death): Cause {
  return {
    fingerprint: fingerprintOf(death),
    code: name(death.code) ?? '',
    stage: name(header(death, 'stage')),
    driver: name(header(death, 'driver')),
    driverVersion: name(header(death, 'driver-version')),
    deviceType: name(header(death, 'device-type')),
    eventType: name(header(death, 'event-type')),
    reason: death.reason.slice(0, causeReasonCharsMax),
    firstFailureAt: death.firstFailureAt,
    lastFailureAt: death.lastFailureAt,
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

function name(text: string | undefined): string | undefined {
  return text?.slice(0, causeNameCharsMax);
}
