import type { QoS } from '../../../message.ts';
import type { Random } from '../../../std/testing/random.ts';
import {
  type AckPacket,
  type ConnackPacket,
  type ConnectPacket,
  PacketType,
  type PacketTypeNumber,
  type ProtocolVersion,
  type SubscribePacket,
  type Will,
} from '../packets.ts';
import { type PropertiesOf, type PropertyPlace, type PropertyRow, propertiesIn } from '../properties.ts';
import { reasonCodesOf } from '../reason-codes.ts';
import type { AnyPacket, ReadPublish } from './any-packet.ts';

const alphabet = [...'abcXYZ019-_.:/ äß€漢😀'];

/** A valid packet of that type with every field drawn anew, as its decoder would answer it. */
export function randomPacket(random: Random, type: PacketTypeNumber, version: ProtocolVersion): AnyPacket {
  const packetId = random.between(1, 65_535);
  const reasonCode = (): number => (version === 5 ? random.pick(reasonCodesOf(type, 5)) : 0);
  const properties = <P extends PropertyPlace>(place: P) => randomProperties(random, place, version);
  switch (type) {
    case PacketType.connect:
      return randomConnect(random, version);
    case PacketType.connack:
      return randomConnack(random, version);
    case PacketType.publish:
      return randomPublish(random, version);
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubrel:
    case PacketType.pubcomp:
      return { type, packetId, reasonCode: reasonCode(), properties: properties('puback') } satisfies AckPacket;
    case PacketType.subscribe:
      return randomSubscribe(random, version);
    case PacketType.suback: {
      const reasonCodes = random.list(1, 5, () => random.pick(reasonCodesOf(type, version)));
      return { type, packetId, reasonCodes, properties: properties('suback') };
    }
    case PacketType.unsubscribe: {
      const filters = random.list(1, 5, () => randomText(random, 1, 20));
      return { type, packetId, filters, properties: properties('unsubscribe') };
    }
    case PacketType.unsuback: {
      const reasonCodes = version === 4 ? [] : random.list(1, 5, reasonCode);
      return { type, packetId, reasonCodes, properties: properties('unsuback') };
    }
    case PacketType.pingreq:
    case PacketType.pingresp:
      return { type };
    case PacketType.disconnect:
      return { type, reasonCode: reasonCode(), properties: properties('disconnect') };
    case PacketType.auth:
      return { type, reasonCode: reasonCode(), properties: properties('auth') };
  }
}

/** The packet types that a version has. */
export function packetTypesOf(version: ProtocolVersion): PacketTypeNumber[] {
  return Object.values(PacketType).filter((type) => version === 5 || type !== PacketType.auth);
}

function randomConnect(random: Random, version: ProtocolVersion): ConnectPacket {
  const username = random.chance(50) ? randomText(random, 0, 10) : undefined;
  const mayHavePassword = username !== undefined || version === 5;
  return {
    type: PacketType.connect,
    version,
    clientId: randomText(random, 1, 23),
    cleanStart: random.chance(50),
    keepAlive: random.below(65_536),
    username,
    password: mayHavePassword && random.chance(50) ? random.bytes(20) : undefined,
    will: random.chance(50) ? randomWill(random, version) : undefined,
    properties: randomProperties(random, 'connect', version),
  };
}

function randomWill(random: Random, version: ProtocolVersion): Will {
  return {
    topic: randomText(random, 1, 30),
    payload: random.bytes(40),
    qos: random.below(3) as QoS,
    retain: random.chance(50),
    properties: randomProperties(random, 'will', version),
  };
}

function randomConnack(random: Random, version: ProtocolVersion): ConnackPacket {
  const reasonCode = random.chance(50) ? 0 : random.pick(reasonCodesOf(PacketType.connack, version));
  return {
    type: PacketType.connack,
    sessionPresent: reasonCode === 0 && random.chance(50),
    reasonCode,
    properties: randomProperties(random, 'connack', version),
  };
}

function randomPublish(random: Random, version: ProtocolVersion): ReadPublish {
  const qos = random.below(3) as QoS;
  const properties = randomProperties(random, 'publish', version);
  return {
    type: PacketType.publish,
    topic: randomText(random, properties?.topicAlias === undefined ? 1 : 0, random.chance(10) ? 200 : 30),
    payload: random.bytes(random.chance(10) ? 5000 : 50),
    qos,
    retain: random.chance(50),
    dup: qos > 0 && random.chance(50),
    packetId: qos > 0 ? random.between(1, 65_535) : 0,
    properties,
  };
}

function randomSubscribe(random: Random, version: ProtocolVersion): SubscribePacket {
  const subscriptions = random.list(1, 5, () => ({
    filter: randomText(random, 1, 20),
    qos: random.below(3) as QoS,
    noLocal: version === 5 && random.chance(50),
    retainAsPublished: version === 5 && random.chance(50),
    retainHandling: (version === 5 ? random.below(3) : 0) as 0 | 1 | 2,
  }));
  const packetId = random.between(1, 65_535);
  return {
    type: PacketType.subscribe,
    packetId,
    subscriptions,
    properties: randomProperties(random, 'subscribe', version),
  };
}

function randomProperties<P extends PropertyPlace>(
  random: Random,
  place: P,
  version: ProtocolVersion,
): PropertiesOf[P] | undefined {
  if (version === 4 || random.chance(40)) return undefined;
  const values: Record<string, unknown> = {};
  for (const row of propertiesIn[place]) {
    if (random.chance(60)) continue;
    const make = () => randomValue(random, row);
    values[row.name] = row.repeatable === undefined ? make() : random.list(1, 4, make);
  }
  if (values.authenticationMethod === undefined) delete values.authenticationData;
  return Object.keys(values).length === 0 ? undefined : (values as unknown as PropertiesOf[P]);
}

function randomValue(random: Random, row: PropertyRow): unknown {
  const lowest = row.nonZero === undefined ? 0 : 1;
  switch (row.type) {
    case 'flag':
      return random.below(2);
    case 'uint16':
      return random.between(lowest, 0xffff);
    case 'uint32':
      return random.between(lowest, 0xffff_ffff);
    case 'variableByteInteger':
      return random.between(lowest, random.pick([0x7f, 0x3fff, 0x1fffff, 268_435_455]));
    case 'string':
      return randomText(random, 0, 20);
    case 'topicName':
      return randomText(random, 1, 20);
    case 'binary':
      return random.bytes(20);
    case 'stringPair':
      return [randomText(random, 0, 10), randomText(random, 0, 10)];
  }
}

function randomText(random: Random, lengthMin: number, lengthMax: number): string {
  const letters = random.chance(70) ? alphabet.slice(0, 15) : alphabet;
  return random.list(lengthMin, lengthMax, () => random.pick(letters)).join('');
}
