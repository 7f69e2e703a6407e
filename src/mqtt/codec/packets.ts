import type { MessageProperties, QoS, UserProperty } from '../../message.ts';

/** Protocol level as sent in CONNECT: 4 is MQTT 3.1.1, 5 is MQTT 5. */
export type ProtocolVersion = 4 | 5;

/** Control packet types, MQTT 5 section 2.1.2: the high four bits of a packet's first byte. */
export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

export type PacketTypeNumber = (typeof PacketType)[keyof typeof PacketType];

export interface Will {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: (MessageProperties & { readonly willDelayInterval?: number }) | undefined;
}

export interface ConnectPacket {
  readonly type: typeof PacketType.connect;
  readonly version: ProtocolVersion;
  /** Served as 3.1.1, which `version` says. */
  readonly isMqtt31?: true;
  readonly clientId: string;
  readonly cleanStart: boolean;
  /** Seconds; 0 turns keep-alive off. */
  readonly keepAlive: number;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
  readonly will: Will | undefined;
  readonly properties: ConnectProperties | undefined;
}

export interface ConnectProperties {
  readonly sessionExpiryInterval?: number;
  readonly receiveMaximum?: number;
  readonly maximumPacketSize?: number;
  readonly topicAliasMaximum?: number;
  readonly requestResponseInformation?: 0 | 1;
  readonly requestProblemInformation?: 0 | 1;
  readonly userProperties?: readonly UserProperty[];
  readonly authenticationMethod?: string;
  readonly authenticationData?: Buffer;
}

export interface ConnackPacket {
  readonly type: typeof PacketType.connack;
  readonly sessionPresent: boolean;
  /** MQTT 5 reason code, or the 3.1.1 return code, as the version says. */
  readonly reasonCode: number;
  readonly properties: ConnackProperties | undefined;
}

export interface ConnackProperties {
  readonly sessionExpiryInterval?: number;
  readonly receiveMaximum?: number;
  readonly maximumQoS?: 0 | 1;
  readonly retainAvailable?: 0 | 1;
  readonly maximumPacketSize?: number;
  readonly assignedClientIdentifier?: string;
  readonly topicAliasMaximum?: number;
  readonly reasonString?: string;
  readonly userProperties?: readonly UserProperty[];
  readonly wildcardSubscriptionAvailable?: 0 | 1;
  readonly subscriptionIdentifierAvailable?: 0 | 1;
  readonly sharedSubscriptionAvailable?: 0 | 1;
  readonly serverKeepAlive?: number;
  readonly responseInformation?: string;
  readonly serverReference?: string;
  readonly authenticationMethod?: string;
  readonly authenticationData?: Buffer;
}

export interface PublishProperties extends MessageProperties {
  readonly topicAlias?: number;
  /** A client never sends one; a server sends one for each matching subscription that has one. */
  readonly subscriptionIdentifiers?: readonly number[];
}

/** A packet that the next one is decoded into. */
export type Reused<T> = { -readonly [Field in keyof T]: T[Field] };

/** PUBACK, PUBREC, PUBREL and PUBCOMP have one shape. In 3.1.1 there is only the packet id and the reason code reads 0. */
export interface AckPacket {
  readonly type:
    | typeof PacketType.puback
    | typeof PacketType.pubrec
    | typeof PacketType.pubrel
    | typeof PacketType.pubcomp;
  readonly packetId: number;
  readonly reasonCode: number;
  readonly properties: ReasonProperties | undefined;
}

export interface ReasonProperties {
  readonly reasonString?: string;
  readonly userProperties?: readonly UserProperty[];
}

export interface SubscriptionRequest {
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0 send retained messages, 1 only for a new subscription, 2 never. */
  readonly retainHandling: 0 | 1 | 2;
}

export interface SubscribePacket {
  readonly type: typeof PacketType.subscribe;
  readonly packetId: number;
  readonly subscriptions: readonly SubscriptionRequest[];
  readonly properties:
    | { readonly subscriptionIdentifier?: number; readonly userProperties?: readonly UserProperty[] }
    | undefined;
}

export interface SubackPacket {
  readonly type: typeof PacketType.suback;
  readonly packetId: number;
  readonly reasonCodes: readonly number[];
  readonly properties: ReasonProperties | undefined;
}

export interface UnsubscribePacket {
  readonly type: typeof PacketType.unsubscribe;
  readonly packetId: number;
  readonly filters: readonly string[];
  readonly properties: { readonly userProperties?: readonly UserProperty[] } | undefined;
}

export interface UnsubackPacket {
  readonly type: typeof PacketType.unsuback;
  readonly packetId: number;
  /** Empty on 3.1.1. */
  readonly reasonCodes: readonly number[];
  readonly properties: ReasonProperties | undefined;
}

export interface PingreqPacket {
  readonly type: typeof PacketType.pingreq;
}

export interface PingrespPacket {
  readonly type: typeof PacketType.pingresp;
}

export interface DisconnectPacket {
  readonly type: typeof PacketType.disconnect;
  readonly reasonCode: number;
  readonly properties: DisconnectProperties | undefined;
}

export interface DisconnectProperties extends ReasonProperties {
  readonly sessionExpiryInterval?: number;
  readonly serverReference?: string;
}

export interface AuthPacket {
  readonly type: typeof PacketType.auth;
  readonly reasonCode: number;
  readonly properties:
    | (ReasonProperties & { readonly authenticationMethod?: string; readonly authenticationData?: Buffer })
    | undefined;
}

/**
 * A PUBLISH as it lies in the bytes that arrived: offsets, and views made only when asked for.
 * `buffer` is shared with the packets around it.
 */
export interface PublishPacket {
  readonly type: typeof PacketType.publish;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 at QoS 0, which has none. */
  readonly packetId: number;
  readonly properties: PublishProperties | undefined;
  readonly buffer: Buffer;
  /** The topic's bytes, without the length in front; `topicStart === topicEnd` where a topic alias stands alone. */
  readonly topicStart: number;
  readonly topicEnd: number;
  readonly payloadStart: number;
  readonly payloadEnd: number;
}

/** Every packet but PUBLISH, which has its own way through the broker. */
export type ControlPacket =
  | ConnectPacket
  | ConnackPacket
  | AckPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | UnsubackPacket
  | PingreqPacket
  | PingrespPacket
  | DisconnectPacket
  | AuthPacket;
