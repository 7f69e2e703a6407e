import type { PacketWriter } from './packet-writer.ts';
import type { ConnectPacket, Will } from './packets.ts';

export function encodeConnect(writer: PacketWriter, packet: ConnectPacket): void {
  writer.string(packet.isMqtt31 ? 'MQIsdp' : 'MQTT');
  writer.byte(packet.isMqtt31 ? 3 : packet.version);
  writer.byte(flagsOf(packet));
  writer.uint16(packet.keepAlive);
  if (packet.version === 5) writer.properties('connect', packet.properties);
  writer.string(packet.clientId);
  if (packet.will !== undefined) encodeWill(writer, packet.will, packet.version);
  if (packet.username !== undefined) writer.string(packet.username);
  if (packet.password !== undefined) writer.binary(packet.password);
}

function encodeWill(writer: PacketWriter, will: Will, version: number): void {
  if (version === 5) writer.properties('will', will.properties);
  writer.string(will.topic);
  writer.binary(will.payload);
}

/** The bits are drawn in `decode-connect.ts`. */
function flagsOf({ cleanStart, will, username, password }: ConnectPacket): number {
  let flags = cleanStart ? 0x02 : 0;
  if (will !== undefined) flags |= 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0);
  if (password !== undefined) flags |= 0x40;
  if (username !== undefined) flags |= 0x80;
  return flags;
}
