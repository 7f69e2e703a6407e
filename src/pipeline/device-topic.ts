import { isDeviceId } from '../access/device-topics.ts';
import { SluiceError } from '../errors.ts';

/** Whose message it is, and of what. */
export interface DeviceAddress {
  readonly deviceId: string;
  readonly eventType: string;
}

export const defaultEventType = 'telemetry';

/**
 * Reads `devices/{id}`, `devices/{id}/telemetry` and `devices/{id}/events/{eventType}`. Undefined for every other topic,
 * also for the topics of devices that carry no readings; an error where the form is right and a name in it is not.
 */
export function parseDeviceTopic(topic: string): DeviceAddress | SluiceError | undefined {
  if (!topic.startsWith(prefix)) return undefined;
  const found = topic.indexOf('/', prefix.length);
  const idEnd = found < 0 ? topic.length : found;
  const eventType = eventTypeAt(topic, idEnd);
  if (eventType === undefined) return undefined;
  const deviceId = topic.slice(prefix.length, idEnd);
  if (deviceId === 'me')
    return invalid(topic, '"me" stands for a device that has logged in: log in as it, or name its id');
  if (!isDeviceId(deviceId)) return invalid(topic, `a device id is ${deviceIdForm}`);
  if (eventType !== defaultEventType && !isEventType(eventType))
    return invalid(topic, `an event type is ${eventTypeForm}`);
  return { deviceId, eventType };
}

export function buildDeviceTopic({ deviceId, eventType }: DeviceAddress): string {
  return eventType === defaultEventType
    ? `${prefix}${deviceId}/${defaultEventType}`
    : `${prefix}${deviceId}/events/${eventType}`;
}

export function isEventType(text: string): boolean {
  return text.length <= eventTypeCharsMax && /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(text);
}

const prefix = 'devices/';
const ownTopic = `/${defaultEventType}`;
const eventLevel = '/events/';
const eventTypeCharsMax = 128;
export const deviceIdForm = `1 to 128 letters, digits, '.', '_', ':' or '-', and not "me"`;
export const eventTypeForm = `1 to ${eventTypeCharsMax} lower-case letters, digits, '_', '-' and '.' between them`;

/** What stands behind the device's id, which ends at `idEnd`. */
function eventTypeAt(topic: string, idEnd: number): string | undefined {
  if (idEnd === topic.length || (topic.endsWith(ownTopic) && idEnd === topic.length - ownTopic.length))
    return defaultEventType;
  const start = idEnd + eventLevel.length;
  return topic.startsWith(eventLevel, idEnd) && !topic.includes('/', start) ? topic.slice(start) : undefined;
}

function invalid(topic: string, expectation: string): SluiceError {
  return new SluiceError('invalid_topic', `Cannot take a message on "${topic.slice(0, 300)}": ${expectation}`);
}
