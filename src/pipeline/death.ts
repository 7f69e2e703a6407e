import type { UserProperty } from '../message.ts';
import { fingerprint } from './fingerprint.ts';
import type { Verdict } from './outcome.ts';
import type { Work } from './work.ts';

/** Why a message did not get through, as its queue and its dead letter say it. */
export interface DeathReport {
  readonly code: string;
  readonly reason: string;
  readonly headers: readonly UserProperty[];
}

/** Puts a message that the ingest queue never had into its dead letters; durable when the promise resolves. */
export interface DeadLetters {
  bury(message: Work['message'], death: DeathReport): Promise<void>;
}

/**
 * Whether the message goes to the dead letters. Inline, one of nobody that is known belongs to nobody's; the queue keeps each
 * that it had.
 */
export function isBuried({ lane }: Work, verdict: Verdict): boolean {
  if (verdict.kind !== 'rejected') return false;
  return lane === 'queued' || !['device_unknown', 'device_retired'].includes(verdict.error.code);
}

export type StoppedVerdict = Exclude<Verdict, { kind: 'stored' }>;

export function deathReport(work: Work, { stage, error }: StoppedVerdict): DeathReport {
  const driver = work.driver?.id ?? '';
  const headers: UserProperty[] = [];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') headers.push([name, value]);
  };
  add('fingerprint', fingerprint(error.code, stage, driver, error.message));
  add('stage', stage);
  add('driver', driver);
  add('driver-version', work.driver?.version);
  add('device-id', work.address.deviceId);
  add('device-type', work.known?.type.name);
  add('event-type', work.address.eventType);
  add('firmware', work.firmwareVersion);
  add('message-id', work.messageId);
  return { code: error.code, reason: error.message, headers };
}
