import { Refusal } from './malformed.ts';
import type {
  AuthPacket,
  ConnackProperties,
  ConnectProperties,
  DisconnectProperties,
  PublishProperties,
  ReasonProperties,
  SubscribePacket,
  UnsubscribePacket,
  Will,
} from './packets.ts';

/** Where properties stand: in a packet, or in the will of a CONNECT. The shapes are those of `packets.ts`. */
export interface PropertiesOf {
  readonly connect: ConnectProperties;
  readonly will: NonNullable<Will['properties']>;
  readonly connack: ConnackProperties;
  readonly publish: PublishProperties;
  readonly puback: ReasonProperties;
  readonly pubrec: ReasonProperties;
  readonly pubrel: ReasonProperties;
  readonly pubcomp: ReasonProperties;
  readonly subscribe: NonNullable<SubscribePacket['properties']>;
  readonly suback: ReasonProperties;
  readonly unsubscribe: NonNullable<UnsubscribePacket['properties']>;
  readonly unsuback: ReasonProperties;
  readonly disconnect: DisconnectProperties;
  readonly auth: NonNullable<AuthPacket['properties']>;
}

export type PropertyPlace = keyof PropertiesOf;

export type PropertyType =
  | 'flag'
  | 'uint16'
  | 'uint32'
  | 'variableByteInteger'
  | 'string'
  | 'topicName'
  | 'binary'
  | 'stringPair';

export interface PropertyRow {
  readonly id: number;
  readonly name: string;
  readonly type: PropertyType;
  readonly places: readonly PropertyPlace[];
  /** May occur more than once: the value is then an array. */
  readonly repeatable?: true;
  /** The value 0 is refused, with `zeroReason` where that is not a protocol error. */
  readonly nonZero?: true;
  readonly zeroReason?: number;
}

const acknowledgements = ['puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback'] as const;
const places: readonly PropertyPlace[] = [
  ...(['connect', 'will', 'connack', 'publish', 'subscribe', 'unsubscribe', 'disconnect', 'auth'] as const),
  ...acknowledgements,
];

/**
 * Every property of MQTT 5, table 2-4, in the order in which they are written but for CONNACK. The subscription identifier has two rows:
 * a SUBSCRIBE carries one, a PUBLISH one for each subscription that matched.
 */
export const properties: readonly PropertyRow[] = [
  { id: 0x01, name: 'payloadFormatIndicator', type: 'flag', places: ['publish', 'will'] },
  { id: 0x02, name: 'messageExpiryInterval', type: 'uint32', places: ['publish', 'will'] },
  { id: 0x03, name: 'contentType', type: 'string', places: ['publish', 'will'] },
  { id: 0x08, name: 'responseTopic', type: 'topicName', places: ['publish', 'will'] },
  { id: 0x09, name: 'correlationData', type: 'binary', places: ['publish', 'will'] },
  {
    id: 0x0b,
    name: 'subscriptionIdentifier',
    type: 'variableByteInteger',
    places: ['subscribe'],
    nonZero: true,
    zeroReason: Refusal.malformedPacket,
  },
  {
    id: 0x0b,
    name: 'subscriptionIdentifiers',
    type: 'variableByteInteger',
    places: ['publish'],
    nonZero: true,
    repeatable: true,
  },
  { id: 0x11, name: 'sessionExpiryInterval', type: 'uint32', places: ['connect', 'connack', 'disconnect'] },
  { id: 0x12, name: 'assignedClientIdentifier', type: 'string', places: ['connack'] },
  { id: 0x13, name: 'serverKeepAlive', type: 'uint16', places: ['connack'] },
  { id: 0x15, name: 'authenticationMethod', type: 'string', places: ['connect', 'connack', 'auth'] },
  { id: 0x16, name: 'authenticationData', type: 'binary', places: ['connect', 'connack', 'auth'] },
  { id: 0x17, name: 'requestProblemInformation', type: 'flag', places: ['connect'] },
  { id: 0x18, name: 'willDelayInterval', type: 'uint32', places: ['will'] },
  { id: 0x19, name: 'requestResponseInformation', type: 'flag', places: ['connect'] },
  { id: 0x1a, name: 'responseInformation', type: 'string', places: ['connack'] },
  { id: 0x1c, name: 'serverReference', type: 'string', places: ['connack', 'disconnect'] },
  { id: 0x1f, name: 'reasonString', type: 'string', places: ['connack', 'disconnect', 'auth', ...acknowledgements] },
  { id: 0x21, name: 'receiveMaximum', type: 'uint16', places: ['connect', 'connack'], nonZero: true },
  { id: 0x22, name: 'topicAliasMaximum', type: 'uint16', places: ['connect', 'connack'] },
  {
    id: 0x23,
    name: 'topicAlias',
    type: 'uint16',
    places: ['publish'],
    nonZero: true,
    zeroReason: Refusal.topicAliasInvalid,
  },
  { id: 0x24, name: 'maximumQoS', type: 'flag', places: ['connack'] },
  { id: 0x25, name: 'retainAvailable', type: 'flag', places: ['connack'] },
  { id: 0x26, name: 'userProperties', type: 'stringPair', places, repeatable: true },
  { id: 0x27, name: 'maximumPacketSize', type: 'uint32', places: ['connect', 'connack'], nonZero: true },
  { id: 0x28, name: 'wildcardSubscriptionAvailable', type: 'flag', places: ['connack'] },
  { id: 0x29, name: 'subscriptionIdentifierAvailable', type: 'flag', places: ['connack'] },
  { id: 0x2a, name: 'sharedSubscriptionAvailable', type: 'flag', places: ['connack'] },
];

/** CONNACK in the order in which Mosquitto writes it, since tests of bytes know that one; the standard has none. */
const connackOrder = [0x22, 0x13, 0x12, 0x15, 0x16, 0x25, 0x27, 0x21, 0x24];

/** The rows that may stand in a place, in the order in which they are written. */
export const propertiesIn: Readonly<Record<PropertyPlace, readonly PropertyRow[]>> = byPlace((place) => {
  const rows = properties.filter((row) => row.places.includes(place));
  if (place !== 'connack') return rows;
  const first = connackOrder.flatMap((id) => rows.find((row) => row.id === id) ?? []);
  return [...first, ...rows.filter((row) => !first.includes(row))];
});

/** The row of an identifier in a place; undefined where that place may not have it. */
export const propertyIn: Readonly<Record<PropertyPlace, readonly (PropertyRow | undefined)[]>> = byPlace((place) => {
  const rows: (PropertyRow | undefined)[] = new Array(0x2b).fill(undefined);
  for (const row of propertiesIn[place]) rows[row.id] = row;
  return rows;
});

function byPlace<T>(answer: (place: PropertyPlace) => T): Record<PropertyPlace, T> {
  return Object.fromEntries(places.map((place) => [place, answer(place)])) as Record<PropertyPlace, T>;
}
