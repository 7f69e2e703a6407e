import type { Identity } from '../access/access.ts';
import { deviceTopic } from '../access/device-topics.ts';
import { parseShared } from '../mqtt/topics/names.ts';

/** The filter as it is subscribed to: with the identity's own name where it says `me`, also behind `$share/` and a group. */
export function ownFilter(identity: Identity, asked: string): string {
  const shared = parseShared(asked);
  if (shared === undefined) return deviceTopic(identity, asked);
  return `$share/${shared.group}/${deviceTopic(identity, shared.filter)}`;
}
