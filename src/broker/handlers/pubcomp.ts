import { MalformedPacket } from '../../mqtt/codec/malformed.ts';
import type { AckPacket } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';

/** The last word on a QoS 2 message to the client. */
export function handlePubcomp(connection: Connection, packet: AckPacket): void {
  const { session, context } = connection;
  const outgoing = session.inflight.get(packet.packetId);
  if (outgoing === undefined) return;
  if (!outgoing.released)
    throw new MalformedPacket(0x82, 'Expected PUBCOMP after PUBREL, met it before', 'MQTT-4.3.3-6');
  session.inflight.remove(outgoing);
  outgoing.row?.forget();
  context.deliverer.pump(session);
}
