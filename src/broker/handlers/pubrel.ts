import { encodeAck } from '../../mqtt/codec/encode-ack.ts';
import { type AckPacket, PacketType } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';

/** The client will not send the message again: its packet id is free [MQTT-4.3.3-11]. */
export function handlePubrel(connection: Connection, packet: AckPacket): void {
  const known = connection.session.received.delete(packet.packetId);
  const reasonCode = known || connection.version === 4 ? 0 : 0x92;
  encodeAck(connection.transport, PacketType.pubcomp, packet.packetId, reasonCode, connection.version);
}
