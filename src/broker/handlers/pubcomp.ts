import type { AckPacket } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';

/** The last word on a QoS 2 message to the client. */
export function handlePubcomp(connection: Connection, packet: AckPacket): void {
  const { session, context } = connection;
  const outgoing = session.inflight.get(packet.packetId);
  if (outgoing === undefined || !outgoing.released) return;
  session.finish(outgoing);
  outgoing.row?.forget();
  context.deliverer.pump(session);
}
