import { MalformedPacket } from '../../mqtt/codec/malformed.ts';
import type { DisconnectPacket } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';

/** The client goes: without a will [MQTT-3.14.4-3], unless it asks for it with reason code 0x04. */
export function handleDisconnect(connection: Connection, packet: DisconnectPacket): void {
  const { session, context } = connection;
  const expiryInterval = packet.properties?.sessionExpiryInterval;
  if (expiryInterval !== undefined) {
    if (session.expiryInterval === 0 && expiryInterval > 0) {
      throw new MalformedPacket(0x82, 'Expected no Session Expiry Interval where CONNECT set none', 'MQTT-3.14.2-2');
    }
    session.expiryInterval = Math.min(expiryInterval, context.limits.sessionExpirySecondsMax);
  }
  if (packet.reasonCode !== 0x04) session.will = undefined;
  connection.leave();
  connection.transport.end();
}
