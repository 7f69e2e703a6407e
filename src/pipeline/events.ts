import type { Message } from '../message.ts';
import type { DriverRef } from './driver.ts';
import type { Work } from './work.ts';

/** Takes the clean readings for whoever listens. Must neither throw nor block; what it loses is lost to listeners only. */
export interface EventPort {
  publish(message: Message): void;
}

/**
 * The readings of a stored message as messages on `events/{deviceType}/{deviceId}/{eventType}`; those of a stale one on
 * `stale/…`, so that a listener of `events/…` sees nothing older than what it saw before.
 */
export function eventMessages(work: Work, outcome: 'applied' | 'stale'): Message[] {
  const { deviceId } = work.address;
  const deviceType = work.known?.type.name ?? '';
  const { id: driver, version: driverVersion } = work.driver as DriverRef;
  const { receivedAt } = work.message;
  return work.readings.map(({ eventType, time, seq, data }) => ({
    topic: `${outcome === 'applied' ? 'events' : 'stale'}/${deviceType}/${deviceId}/${eventType}`,
    payload: Buffer.from(
      JSON.stringify({
        deviceId,
        deviceType,
        eventType,
        messageId: work.messageId,
        time,
        seq,
        receivedAt,
        driver,
        driverVersion,
        data,
      }),
    ),
    qos: 1,
    retain: false,
    properties: { contentType: 'application/json', payloadFormatIndicator: 1 },
    receivedAt: work.processedAt,
    publisher: 'pipeline',
  }));
}
