import { encodeAck } from '../../mqtt/codec/encode-ack.ts';
import { MalformedPacket } from '../../mqtt/codec/malformed.ts';
import { type AckPacket, PacketType } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';
import { settlementOf } from '../queue-subscription.ts';

/** The client has a QoS 2 message and will not take it again: from here on only PUBREL is sent [MQTT-4.3.3-4..5]. */
export function handlePubrec(connection: Connection, packet: AckPacket): void {
  const { session, context, transport, version } = connection;
  const outgoing = session.inflight.get(packet.packetId);
  if (outgoing === undefined) {
    if (packet.reasonCode >= 0x80) return;
    connection.counters.answersOut++;
    encodeAck(transport, PacketType.pubrel, packet.packetId, 0, version);
    return;
  }
  if (outgoing.qos !== 2)
    throw new MalformedPacket(0x82, 'Expected PUBACK for a QoS 1 message, met PUBREC', 'MQTT-4.3.2-3');
  if (packet.reasonCode >= 0x80) {
    session.inflight.remove(outgoing);
    outgoing.settle(settlementOf(packet.reasonCode, packet.properties?.reasonString));
    context.deliverer.pump(session);
    return;
  }
  if (!outgoing.released) {
    outgoing.released = true;
    outgoing.delivery?.settle(settlementOf(packet.reasonCode, undefined));
    outgoing.row?.release();
  }
  // After PUBREL the client forgets the packet id: a message that came again under it would count as a new one.
  connection.completion.whenStored(PacketType.pubrel, packet.packetId, outgoing.row !== undefined);
}
