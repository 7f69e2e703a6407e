import type { AckPacket } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';

/** The second half of a QoS 2 message from the client; behind PUBREC, also where the client has not waited for it. */
export function handlePubrel({ acknowledger, completion }: Connection, { packetId }: AckPacket): void {
  if (!acknowledger.releasedEarly(packetId)) completion.released(packetId);
}
