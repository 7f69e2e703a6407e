import type { QoS } from '../../message.ts';
import { checkAuthentication } from './authentication.ts';
import { decodeProperties } from './decode-properties.ts';
import { checkFirstByte, packetName } from './fixed-header.ts';
import {
  clientIdentifierNotValid,
  hex,
  MalformedPacket,
  malformed,
  mismatch,
  Refusal,
  RefusedConnect,
} from './malformed.ts';
import { PacketReader } from './packet-reader.ts';
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

/** MQTT 3.1 is served as 3.1.1, but has no empty client identifier, no Session Present, and a DUP flag in more packets. */
interface Protocol {
  readonly version: ProtocolVersion;
  readonly isMqtt31: boolean;
}

/**
 * Throws RefusedConnect where the client is to be answered, and MalformedPacket where the connection just ends: on 3.1.1
 * [MQTT-3.1.4-1], and on MQTT 5 where the credentials are malformed.
 */
export function decodeConnect(reader: PacketReader): ConnectPacket {
  const { version, isMqtt31 } = decodeProtocol(reader);
  try {
    const flags = decodeFlags(reader, version, isMqtt31);
    const keepAlive = reader.uint16('keep alive');
    const properties = version === 5 ? decodeProperties(reader, 'connect') : undefined;
    checkAuthentication(reader.packet, properties);
    const clientId = decodeClientId(reader, version, isMqtt31);
    const will = (flags & willFlag) === 0 ? undefined : decodeWill(reader, flags, version);
    const credentials = decodeCredentials(reader, flags);
    const cleanStart = (flags & cleanStartFlag) !== 0;
    reader.finish();
    const packet = { clientId, cleanStart, keepAlive, ...credentials, will, properties };
    return { type: PacketType.connect, version, ...(isMqtt31 ? { isMqtt31 } : undefined), ...packet };
  } catch (problem) {
    if (version === 4 || !(problem instanceof MalformedPacket) || problem instanceof MalformedCredentials)
      throw problem;
    throw new RefusedConnect(problem.reasonCode, problem.sentence, problem.clause, version);
  }
}

/** Of which version a CONNECT is, by its first bytes. Throws as `decodeConnect` does, and where it is another packet. */
export function connectVersionOf(beginning: Buffer): ProtocolVersion {
  checkFirstByte(beginning[0]);
  checkIsConnect(beginning[0]);
  const reader = new PacketReader(beginning, 1, beginning.length, packetName(PacketType.connect));
  reader.variableByteInteger('remaining length');
  return decodeProtocol(reader).version;
}

/** The first packet is CONNECT or the connection ends [MQTT-3.1.0-1]. */
export function checkIsConnect(firstByte: number): void {
  if (firstByte >> 4 === PacketType.connect) return;
  throw new MalformedPacket(0x82, `Expected CONNECT first, met type ${firstByte >> 4}`, 'MQTT-3.1.0-1');
}

function decodeClientId(reader: PacketReader, version: ProtocolVersion, isMqtt31: boolean): string {
  const clientId = reader.name('client identifier', version === 5 ? clientIdentifierNotValid : malformed);
  if (!isMqtt31 || clientId !== '') return clientId;
  const met = mismatch(reader.packet, 'a client identifier of at least one character', 'none');
  throw new RefusedConnect(Refusal.clientIdentifierNotValid, met, 'MQTT 3.1 section 3.1', 4);
}

function decodeCredentials(reader: PacketReader, flags: number): Pick<ConnectPacket, 'username' | 'password'> {
  try {
    const username = (flags & usernameFlag) === 0 ? undefined : reader.name('user name');
    const password = (flags & passwordFlag) === 0 ? undefined : reader.binary('password');
    return { username, password };
  } catch (problem) {
    if (!(problem instanceof MalformedPacket)) throw problem;
    throw new MalformedCredentials(problem.reasonCode, problem.sentence, problem.clause);
  }
}

/** Whoever sends such is told nothing. */
class MalformedCredentials extends MalformedPacket {}

function decodeProtocol(reader: PacketReader): Protocol {
  const name = reader.string('protocol name');
  if (name !== 'MQTT' && name !== 'MQIsdp') {
    throw malformed(reader.packet, 'protocol name MQTT', JSON.stringify(name.slice(0, 16)), 'MQTT-3.1.2-1');
  }
  const level = reader.byte('protocol version');
  if (name === 'MQIsdp' && level === 3) return { version: 4, isMqtt31: true };
  if (name === 'MQTT' && (level === 4 || level === 5)) return { version: level, isMqtt31: false };
  const met = mismatch(reader.packet, 'MQTT with version 4 or 5', `${name} with ${level}`);
  throw new RefusedConnect(Refusal.unsupportedProtocolVersion, met, 'MQTT-3.1.2-2', isLater(level) ? 5 : 4);
}

/** Clients of a later version read the CONNACK of MQTT 5; all others, bridges with their bit 7 too, that of 3.1.1. */
function isLater(level: number): boolean {
  return level > 5 && level < 0x80;
}

function decodeFlags(reader: PacketReader, version: ProtocolVersion, isMqtt31: boolean): number {
  const flags = reader.byte('connect flags');
  if ((flags & reservedFlag) !== 0 && !isMqtt31) {
    throw malformed(reader.packet, 'reserved flag 0', 1, 'MQTT-3.1.2-3');
  }
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
