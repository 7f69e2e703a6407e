import { PacketType } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';

export function handlePingreq(connection: Connection): void {
  connection.send({ type: PacketType.pingresp });
}
