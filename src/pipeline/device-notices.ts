import { problemOf } from '../errors.ts';
import type { StoppedVerdict } from './death.ts';
import type { EventPort } from './events.ts';
import type { Work } from './work.ts';

/**
 * Tells a device that subscribed to `devices/{id}/errors` of a message that was rejected: the problem as HTTP would answer it.
 * What failed and is tried again is not told; its sender would send it once more.
 */
export function publishProblem(events: EventPort, work: Work, verdict: StoppedVerdict): void {
  if (verdict.kind !== 'rejected') return;
  const topic = `devices/${work.address.deviceId}/errors`;
  if (!events.hears(topic)) return;
  events.publish({
    topic,
    payload: Buffer.from(JSON.stringify(problemOf(verdict.error))),
    qos: 1,
    retain: false,
    properties: { contentType: 'application/problem+json', payloadFormatIndicator: 1 },
    receivedAt: work.message.receivedAt,
    publisher: 'pipeline',
  });
}
