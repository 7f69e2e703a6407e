import type { QoS } from '../../message.ts';
import { checkAuthentication } from './authentication.ts';
import { decodeProperties } from './decode-properties.ts';
import { hex, MalformedPacket, malformed, mismatch, Refusal } from './malformed.ts';
import type { PacketReader } from './packet-reader.ts';
import { type ConnectPacket, PacketType, type ProtocolVersion, type Will } from './packets.ts';

/*
 * Connect flags, section 3.1.2.3:
 *
 *   bit   7         6         5            4-3       2          1            0
 *       +---------+---------+------------+---------+----------+------------+----------+
 *       | username| password| will retain| will QoS| will flag| clean start| reserved |
 *       +---------+---------+------------+---------+----------+------------+----------+
 */
const reservedFlag = 0x01;
const cleanStartFlag = 0x02;
const willFlag = 0x04;
const willBits = 0x38;
const passwordFlag = 0x40;
const usernameFlag = 0x80;

export function decodeConnect(reader: PacketReader): ConnectPacket {
  const version = decodeProtocol(reader);
  const flags = decodeFlags(reader, version);
  const keepAlive = reader.uint16('keep alive');
  const properties = version === 5 ? decodeProperties(reader, 'connect') : undefined;
  checkAuthentication(reader.packet, properties);
  const clientId = reader.string('client identifier');
  const will = (flags & willFlag) === 0 ? undefined : decodeWill(reader, flags, version);
  const username = (flags & usernameFlag) === 0 ? undefined : reader.string('user name');
  const password = (flags & passwordFlag) === 0 ? undefined : reader.binary('password');
  const cleanStart = (flags & cleanStartFlag) !== 0;
  return { type: PacketType.connect, version, clientId, cleanStart, keepAlive, username, password, will, properties };
}

function decodeProtocol(reader: PacketReader): ProtocolVersion {
  const name = reader.string('protocol name');
  const level = reader.byte('protocol version');
  if (name === 'MQTT' && (level === 4 || level === 5)) return level;
  const met = mismatch(reader.packet, 'MQTT with version 4 or 5', `${JSON.stringify(name.slice(0, 16))} with ${level}`);
  throw new MalformedPacket(Refusal.unsupportedProtocolVersion, met, name === 'MQTT' ? 'MQTT-3.1.2-2' : 'MQTT-3.1.2-1');
}

function decodeFlags(reader: PacketReader, version: ProtocolVersion): number {
  const flags = reader.byte('connect flags');
  if ((flags & reservedFlag) !== 0) throw malformed(reader.packet, 'reserved flag 0', 1, 'MQTT-3.1.2-3');
  if ((flags & willFlag) === 0 && (flags & willBits) !== 0) {
    throw malformed(reader.packet, 'will QoS and will retain 0 without a will', hex(flags), 'MQTT-3.1.2-11');
  }
  if ((flags & willBits & 0x18) === 0x18) throw malformed(reader.packet, 'will QoS 0, 1 or 2', 3, 'MQTT-3.1.2-12');
  // MQTT 5 lifted this rule: section 3.1.2.9.
  if (version === 4 && (flags & (usernameFlag | passwordFlag)) === passwordFlag) {
    throw malformed(reader.packet, 'a user name with the password', 'none', 'MQTT-3.1.2-22 of 3.1.1');
  }
  return flags;
}

function decodeWill(reader: PacketReader, flags: number, version: ProtocolVersion): Will {
  const properties = version === 5 ? decodeProperties(reader, 'will') : undefined;
  const topic = reader.topicName('will topic');
  const payload = reader.binary('will payload');
  const qos = ((flags >> 3) & 0x03) as QoS;
  return { topic, payload, qos, retain: (flags & 0x20) !== 0, properties };
}
