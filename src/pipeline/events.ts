import { schemaVersionOf } from '../devices/device-type.ts';
import type { Reading } from '../devices/store.ts';
import type { Message } from '../message.ts';
import type { DriverRef } from './driver.ts';
import type { Work } from './work.ts';

/** Takes the clean readings for whoever listens. Must neither throw nor block; what it loses is lost to listeners only. */
export interface EventPort {
  /** Whether anybody listens: a message that nobody gets is not made. */
  hears(topic: string): boolean;
  publish(message: Message): void;
}

/**
 * Publishes the readings of a stored message on `events/{deviceType}/{deviceId}/{eventType}`; those of a stale one on
 * `stale/…`, so that a listener of `events/…` sees nothing older than what it saw before.
 */
export function publishReadings(events: EventPort, work: Work, outcome: 'applied' | 'stale'): void {
  const family = outcome === 'applied' ? 'events' : 'stale';
  const source = `${family}/${work.known?.type.name}/${work.address.deviceId}/`;
  for (const reading of work.readings) {
    const topic = source + reading.eventType;
    if (events.hears(topic)) events.publish(eventMessage(topic, work, reading));
  }
}

function eventMessage(topic: string, work: Work, { eventType, time, seq, data }: Reading): Message {
  const { id: driver, version: driverVersion } = work.driver as DriverRef;
  const event = {
    deviceId: work.address.deviceId,
    deviceType: work.known?.type.name,
    eventType,
    schemaVersion: versionUsed(work, eventType),
    messageId: work.messageId,
    time,
    seq,
    receivedAt: work.message.receivedAt,
    driver,
    driverVersion,
    data,
    ...(work.warnings.length === 0 ? {} : { warnings: work.warnings }),
  };
  return {
    topic,
    payload: Buffer.from(JSON.stringify(event)),
    qos: 1,
    retain: false,
    properties: { contentType: 'application/json', payloadFormatIndicator: 1 },
    receivedAt: work.processedAt,
    publisher: 'pipeline',
  };
}

/** Of the schema that the reading was checked by. */
function versionUsed({ known, schema }: Work, eventType: string): number | undefined {
  if (schema?.eventType === eventType) return schema.version;
  return known && schemaVersionOf(known.type, eventType);
}
