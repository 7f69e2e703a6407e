import { MalformedPacket } from '../mqtt/codec/malformed.ts';
import type { ProtocolVersion } from '../mqtt/codec/packets.ts';
import { levelsProblem, matchedFilter, sharedFormProblem, wildcardProblem } from '../mqtt/topics/names.ts';

/**
 * Ends the connection of a client that sends what is no topic filter, in SUBSCRIBE and in UNSUBSCRIBE: the answer "topic filter
 * invalid" (0x8F) is for filters that are well formed and not accepted here (MQTT 5, section 3.9.3). One of more levels than
 * any server of this kind takes counts as none.
 */
export function checkFilterForm(filter: string): void {
  const misplaced = wildcardProblem(filter);
  if (misplaced !== undefined) throw new MalformedPacket(0x81, misplaced, 'MQTT-4.7.1-1, -2');
  const tooDeep = levelsProblem(matchedFilter(filter), 'topic filter');
  if (tooDeep !== undefined) throw new MalformedPacket(0x81, tooDeep, 'section 4.7.3');
}

/**
 * The same for a SUBSCRIBE to what begins as a shared filter and is none. MQTT 3.1.1 knows no shared filters: there it is just
 * not accepted. An UNSUBSCRIBE from it finds no subscription.
 */
export function checkSharedForm(filter: string, version: ProtocolVersion): void {
  const notShared = version === 5 ? sharedFormProblem(filter) : undefined;
  if (notShared !== undefined) throw new MalformedPacket(0x82, notShared, 'MQTT-4.8.2-1, -2');
}
