import type { MessageSaid } from '../../devices/raw.ts';
import type { ProcessedMessage, StoreOutcome } from '../../devices/store.ts';
import { toSluiceError } from '../../errors.ts';
import type { DriverRef } from '../driver.ts';
import { storedVerdict } from '../outcome.ts';
import type { RegistryCache } from '../registry-cache.ts';
import type { Work } from '../work.ts';
import { fPortOf } from './decode.ts';
import { deviceUnknown } from './identify.ts';
import type { Step } from './step.ts';

/** Duplicate? Fresh? Then state, history and raw bytes: one transaction, in which the store answers all three. */
export const store: Step = {
  name: 'store',
  run: (works, { readings, devices }) => settle(works, devices, (batch) => readings.apply(batch)),
};

/** In place of `store` in a rehearsal. */
export const preview: Step = {
  name: 'preview',
  run: (works, { readings, devices }) => settle(works, devices, (batch) => readings.preview(batch)),
};

async function settle(
  works: readonly Work[],
  devices: RegistryCache,
  ask: (batch: readonly ProcessedMessage[]) => Promise<readonly StoreOutcome[]>,
): Promise<void> {
  try {
    const outcomes = await ask(works.map(toProcessedMessage));
    for (let i = 0; i < works.length; i++) conclude(works[i], outcomes[i], devices);
  } catch (problem) {
    // Nothing of the batch is stored: every message is as it was before, and may be tried again.
    for (const work of works) work.stop('store', toSluiceError(problem));
  }
}

/** A device that was removed after its message was identified is as unknown as if the message had come later. */
function conclude(work: Work, outcome: StoreOutcome, devices: RegistryCache): void {
  if (outcome !== 'unknown') {
    work.verdict = storedVerdict(outcome);
    return;
  }
  devices.forget(work.address.deviceId);
  work.stop('identify', deviceUnknown(work.address.deviceId));
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
    said: saidOf(work),
    readings: work.readings,
    warnings: work.warnings,
  };
}

/** Undefined where there is nothing, as of most messages. */
function saidOf({ message, said }: Work): MessageSaid | undefined {
  const contentType = message.properties?.contentType;
  const { firmwareVersion, time, seq, schema } = said ?? {};
  const saysOfItself = firmwareVersion !== undefined || time !== undefined || seq !== undefined || schema !== undefined;
  if (!saysOfItself && contentType === undefined) return undefined;
  return { contentType, firmwareVersion, time, seq, schema };
}
