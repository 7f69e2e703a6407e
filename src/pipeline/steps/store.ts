import type { AppliedOutcome, ProcessedMessage } from '../../devices/store.ts';
import { toSluiceError } from '../../errors.ts';
import type { DriverRef } from '../driver.ts';
import { storedVerdict } from '../outcome.ts';
import type { Work } from '../work.ts';
import { fPortOf } from './decode.ts';
import type { Step } from './step.ts';

/** Duplicate? Fresh? Then state, history and raw bytes: one transaction, in which the store answers all three. */
export const store: Step = {
  name: 'store',
  run: (works, { readings }) => settle(works, (batch) => readings.apply(batch)),
};

/** In place of `store` in a rehearsal. */
export const preview: Step = {
  name: 'preview',
  run: (works, { readings }) => settle(works, (batch) => readings.preview(batch)),
};

async function settle(
  works: readonly Work[],
  ask: (batch: readonly ProcessedMessage[]) => Promise<readonly AppliedOutcome[]>,
): Promise<void> {
  try {
    const outcomes = await ask(works.map(toProcessedMessage));
    for (let i = 0; i < works.length; i++) works[i].verdict = storedVerdict(outcomes[i]);
  } catch (problem) {
    // Nothing of the batch is stored: every message is as it was before, and may be tried again.
    for (const work of works) work.stop('store', toSluiceError(problem));
  }
}

function toProcessedMessage(work: Work): ProcessedMessage {
  const { message } = work;
  const driver = work.driver as DriverRef;
  return {
    deviceId: work.address.deviceId,
    messageId: work.messageId,
    receivedAt: message.receivedAt,
    processedAt: work.processedAt,
    driver: driver.id,
    driverVersion: driver.version,
    raw: message.payload,
    topic: message.topic,
    fPort: fPortOf(work),
    readings: work.readings,
  };
}
