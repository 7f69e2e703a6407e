import type { Identity } from './access.ts';

const devicesPrefix = 'devices/';
const ownName = 'me';
const ownPrefix = `${devicesPrefix}${ownName}`;

/** Ids that a device can have. The alphabet has no '/', '+', '#' and '$', so that an id is always one plain topic level. */
export const deviceIdPattern = '^[A-Za-z0-9._:-]{1,128}$';
const deviceId = new RegExp(deviceIdPattern);

/** Whether a text can be a device's id. `me` cannot: it stands for whoever says it. */
export function isDeviceId(text: string): boolean {
  return text !== ownName && deviceId.test(text);
}

/**
 * The topic or filter with `devices/me` replaced by the device's own prefix; unchanged for everybody else. To be called
 * before a topic is authorised: `mayPublish` and `maySubscribe` do not know `me`, so that a forgotten call refuses instead
 * of letting every device share one topic.
 */
export function deviceTopic(identity: Identity, topic: string): string {
  if (identity.kind !== 'device' || !topic.startsWith(ownPrefix)) return topic;
  const rest = topic.slice(ownPrefix.length);
  if (rest !== '' && !rest.startsWith('/')) return topic;
  return `${devicesPrefix}${identity.name}${rest}`;
}

/** The filter that covers everything of one device and nothing else. */
export function deviceFilter(id: string): string {
  return `${devicesPrefix}${id}/#`;
}

/** Whose prefix a topic or filter lies under; undefined where it is under nobody's alone. */
export function deviceOf(filter: string): string | undefined {
  if (!filter.startsWith(devicesPrefix)) return undefined;
  const end = filter.indexOf('/', devicesPrefix.length);
  const id = filter.slice(devicesPrefix.length, end < 0 ? undefined : end);
  return isDeviceId(id) ? id : undefined;
}
