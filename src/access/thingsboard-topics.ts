import type { Identity } from './access.ts';
import { deviceTopic } from './device-topics.ts';

/**
 * Where firmware that was written for ThingsBoard publishes, and the topic of a device that it means. Its three forms of JSON
 * are read by the JSON driver.
 */
export const thingsBoardTopics: Readonly<Record<string, string>> = {
  'v1/devices/me/telemetry': 'devices/me/telemetry',
  'v1/devices/me/attributes': 'devices/me/events/attributes',
  'v1/gateway/telemetry': 'devices/me/gateway/telemetry',
  'v1/gateway/attributes': 'devices/me/gateway/attributes',
  'v1/gateway/connect': 'devices/me/gateway/connect',
  'v1/gateway/disconnect': 'devices/me/gateway/disconnect',
};

/** The topic that is published to, with the device's own name where it says `me`, also in the words of ThingsBoard. */
export function publishedTopic(identity: Identity, topic: string): string {
  if (identity.kind !== 'device') return topic;
  return deviceTopic(identity, Object.hasOwn(thingsBoardTopics, topic) ? thingsBoardTopics[topic] : topic);
}
