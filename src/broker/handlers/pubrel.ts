import { encodeAck } from '../../mqtt/codec/encode-ack.ts';
import { type AckPacket, PacketType } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';

/** The client will not send the message again: its packet id is free [MQTT-4.3.3-11]. */
export function handlePubrel(connection: Connection, packet: AckPacket): void {
  const { session, context, transport, version } = connection;
  connection.release(packet.packetId);
  if (!session.received.delete(packet.packetId)) {
    // Done with before: 0x92 is for who wants to know, and clients that come back take it for a failure.
    connection.counters.answersOut++;
    encodeAck(transport, PacketType.pubcomp, packet.packetId, 0, version);
    return;
  }
  const isStored = session.stored !== undefined;
  if (isStored) context.sessionLog.received.remove(session, packet.packetId);
  // After PUBCOMP the client gives the packet id to another message, which must not be taken for this one.
  connection.completion.whenStored(PacketType.pubcomp, packet.packetId, isStored);
}
