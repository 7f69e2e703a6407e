import { MalformedPacket } from '../../mqtt/codec/malformed.ts';
import type { AckPacket } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';
import { settlementOf } from '../queue-subscription.ts';

/** The client has a QoS 1 message, or says why not. An id that is not in use is left alone: it was answered before. */
export function handlePuback(connection: Connection, packet: AckPacket): void {
  const { session, context } = connection;
  const outgoing = session.inflight.get(packet.packetId);
  if (outgoing === undefined) return;
  if (outgoing.qos !== 1)
    throw new MalformedPacket(0x82, 'Expected PUBREC for a QoS 2 message, met PUBACK', 'MQTT-4.3.3-4');
  session.inflight.remove(outgoing);
  outgoing.settle(settlementOf(packet.reasonCode, packet.properties?.reasonString));
  context.deliverer.pump(session);
}
