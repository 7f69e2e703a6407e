import { MalformedPacket } from '../mqtt/codec/malformed.ts';
import type { ProtocolVersion } from '../mqtt/codec/packets.ts';
import { sharedFormProblem, wildcardProblem } from '../mqtt/topics/names.ts';

/**
 * Ends the connection of a client that sends what is no topic filter: the answer "topic filter invalid" (0x8F) is for filters
 * that are well formed and not accepted here (MQTT 5, section 3.9.3). MQTT 3.1.1 knows no shared filters: there one without their
 * form is just not accepted.
 */
export function checkFilterForm(filter: string, version: ProtocolVersion): void {
  const misplaced = wildcardProblem(filter);
  if (misplaced !== undefined) throw new MalformedPacket(0x81, misplaced, 'MQTT-4.7.1-1, -2');
  const notShared = version === 5 ? sharedFormProblem(filter) : undefined;
  if (notShared !== undefined) throw new MalformedPacket(0x82, notShared, 'MQTT-4.8.2-1, -2');
}
