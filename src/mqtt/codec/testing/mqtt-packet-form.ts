import type { UserProperty } from '../../../message.ts';
import { type ConnectPacket, PacketType, type ProtocolVersion, type SubscribePacket, type Will } from '../packets.ts';
import { type PropertyRow, properties } from '../properties.ts';
import type { AnyPacket, ReadPublish } from './any-packet.ts';

/** A packet as the npm package `mqtt-packet` spells it. */
export type Foreign = Record<string, unknown>;

const names = Object.fromEntries(Object.entries(PacketType).map(([name, type]) => [type, name]));

/** Where its names or shapes of properties differ from ours. */
const renamed: Readonly<Record<string, string>> = {
  subscriptionIdentifiers: 'subscriptionIdentifier',
  subscriptionIdentifierAvailable: 'subscriptionIdentifiersAvailable',
};
/** The one flag that it keeps as a number. */
const numericFlag = 'maximumQoS';

/** Its spelling of our packet, with exactly the fields that its parser answers. */
export function toForeign(packet: AnyPacket, version: ProtocolVersion): Foreign {
  const foreign: Foreign = { cmd: names[packet.type], ...bodyOf(packet, version) };
  if (!('properties' in packet) || packet.properties === undefined) return foreign;
  return { ...foreign, properties: propertiesOf(packet.properties) };
}

function bodyOf(packet: AnyPacket, version: ProtocolVersion): Foreign {
  switch (packet.type) {
    case PacketType.connect:
      return connectOf(packet);
    case PacketType.connack: {
      const code = version === 5 ? 'reasonCode' : 'returnCode';
      return { sessionPresent: packet.sessionPresent, [code]: packet.reasonCode };
    }
    case PacketType.publish:
      return publishOf(packet);
    case PacketType.subscribe:
      return { messageId: packet.packetId, subscriptions: subscriptionsOf(packet, version) };
    case PacketType.unsubscribe:
      return { messageId: packet.packetId, unsubscriptions: packet.filters };
    case PacketType.suback:
      return { messageId: packet.packetId, granted: packet.reasonCodes };
    case PacketType.unsuback:
      return { messageId: packet.packetId, ...(version === 5 && { granted: packet.reasonCodes }) };
    case PacketType.pingreq:
    case PacketType.pingresp:
      return {};
    case PacketType.disconnect:
    case PacketType.auth:
      return version === 5 ? { reasonCode: packet.reasonCode } : {};
    default:
      return { messageId: packet.packetId, ...(version === 5 && { reasonCode: packet.reasonCode }) };
  }
}

function connectOf(packet: ConnectPacket): Foreign {
  const { version, clientId, cleanStart, keepAlive, username, password, will } = packet;
  return {
    protocolId: 'MQTT',
    protocolVersion: version,
    clientId,
    clean: cleanStart,
    keepalive: keepAlive,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(will !== undefined && { will: willOf(will) }),
  };
}

function willOf({ topic, payload, qos, retain, properties }: Will): Foreign {
  return { topic, payload, qos, retain, ...(properties !== undefined && { properties: propertiesOf(properties) }) };
}

function publishOf({ topic, payload, qos, retain, dup, packetId }: ReadPublish): Foreign {
  return { topic, payload, qos, retain, dup, ...(qos > 0 && { messageId: packetId }) };
}

function subscriptionsOf(packet: SubscribePacket, version: ProtocolVersion): Foreign[] {
  return packet.subscriptions.map(({ filter, qos, noLocal, retainAsPublished, retainHandling }) =>
    version === 5
      ? { topic: filter, qos, nl: noLocal, rap: retainAsPublished, rh: retainHandling }
      : { topic: filter, qos },
  );
}

function propertiesOf(values: object): Foreign {
  const foreign: Foreign = {};
  for (const row of properties) {
    const value = (values as Foreign)[row.name];
    if (value !== undefined) foreign[renamed[row.name] ?? row.name] = foreignValue(row, value);
  }
  return foreign;
}

function foreignValue(row: PropertyRow, value: unknown): unknown {
  if (row.name === 'userProperties') return userPropertiesOf(value as readonly UserProperty[]);
  if (row.type === 'flag' && row.name !== numericFlag) return value === 1;
  // One value of a repeatable property stands alone.
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

function userPropertiesOf(pairs: readonly UserProperty[]): Foreign {
  const grouped = Map.groupBy(pairs, ([name]) => name);
  const entries = [...grouped].map(([name, group]) => [name, group.map(([, value]) => value)] as const);
  return Object.fromEntries(entries.map(([name, values]) => [name, values.length === 1 ? values[0] : values]));
}
