import { SluiceError } from '../errors.ts';
import type { GatherTerms } from '../mqtt/codec/gather-budget.ts';

/** Every bound that a client can run into, with what happens there. Defaults stand in the configuration. */
export interface BrokerLimits {
  /** Whole packet, as advertised in CONNACK; a larger one ends the connection with 0x95. */
  readonly packetBytesMax: number;
  /**
   * Set aside for packets of all connections that have come in part; beyond it one that needs much ends its connection with 0x97.
   * A part of it is for those that have no CONNACK, see `gatherTermsOf`.
   */
  readonly packetsBytesMax: number;
  /** QoS 1 and 2 messages on their way to one client, unacknowledged; more wait in the session. Never above the client's Receive Maximum. */
  readonly inflightMax: number;
  /** QoS 1 and 2 messages on their way from one client, unacknowledged; advertised as Receive Maximum, beyond it 0x93. */
  readonly receiveMaximum: number;
  /**
   * Messages and bytes that wait in one session; beyond it the newest is dropped and counted. As many bytes again may be
   * under way to the client, unacknowledged.
   */
  readonly sessionMessagesMax: number;
  readonly sessionBytesMax: number;
  /** Bytes that wait for one socket; beyond it QoS 0 is dropped and counted, QoS 1 and 2 wait in the session. */
  readonly outputBytesMax: number;
  /** From the connection to a whole CONNECT packet; then the connection is closed. */
  readonly connectTimeoutMs: number;
  /** A longer keep-alive of an MQTT 5 client is cut to this, and the client told; 0 leaves it to the client. */
  readonly keepAliveSecondsMax: number;
  /** A longer Session Expiry Interval is cut to this, and the client told. */
  readonly sessionExpirySecondsMax: number;
  /** Sessions at once, connected or not; beyond it CONNECT is refused with 0x97. */
  readonly sessionsMax: number;
  /** Beyond it SUBSCRIBE is refused with 0x97, as it is beyond `filterCharactersMax`. */
  readonly subscriptionsPerClientMax: number;
  /** The payload of a PUBLISH or a will; beyond it the message is refused, or CONNECT with 0x95. 0: no bound but that of packets. */
  readonly payloadBytesMax: number;
  /**
   * Retained messages; beyond it a new topic is not retained, counted, and the publisher told 0x97. 0: CONNACK says that there are
   * none, and whoever sends one breaks the protocol.
   */
  readonly retainedMessagesMax: number;
  /** Topic aliases that a client may set; advertised, beyond it 0x94. Beyond `aliasCharactersMax` 0x97. */
  readonly topicAliasMax: number;
  /** Topic aliases that the server uses towards one client, which must allow as many; topics beyond them go by name. */
  readonly topicAliasOutMax: number;
  /** Levels of a topic name or filter; beyond it 0x90 or 0x8F. Never above `topicLevelsMax` of the matching index, beyond which the connection ends. */
  readonly topicLevelsMax: number;
  /** User properties of a message or a will, which are kept with it; beyond it 0x97. Those of other packets are not kept. */
  readonly userPropertiesMax: number;
  /** Beyond it CONNECT is refused with 0x85. */
  readonly clientIdBytesMax: number;
  /** The payload of a will; beyond it CONNECT is refused with 0x95. */
  readonly willBytesMax: number;
  /** Connections from one address; one more is closed at once. 0: no bound. */
  readonly connectionsPerAddressMax: number;
  /** CONNECT packets a second, over all and from one address; beyond it refused with 0x9F before anything is hashed. 0: no bound. */
  readonly connectRateMax: number;
  readonly connectRatePerAddressMax: number;
  /** Connections of devices that claim themselves, of one address a quarter; beyond it CONNECT is refused with 0x97. 0: none claims over MQTT. */
  readonly claimConnectionsMax: number;
  /** What one client may publish in a second, messages and bytes; beyond it the client is not read until the time has passed. 0: no bound. */
  readonly publishRateMax: number;
  readonly publishBytesRateMax: number;
  /** The same for all clients of one address together. */
  readonly publishRatePerAddressMax: number;
  readonly publishBytesRatePerAddressMax: number;
  readonly ban: BanRules;
}

/** Who is banned for what. A number of 0 bans nobody for that. */
export interface BanRules {
  /** How long a ban lasts. */
  readonly seconds: number;
  /** In which time so many of one kind lead to a ban. */
  readonly windowSeconds: number;
  /** Failed logins with one user name from one address: they are banned together. */
  readonly failedLoginsMax: number;
  /** Failed logins from one address, whatever the user names: it is banned. */
  readonly failedLoginsPerAddressMax: number;
  /** Packets from one address that broke the protocol: it is banned. */
  readonly malformedMax: number;
  /** Connections of one client id from one address, other than by taking over: they are banned together. */
  readonly connectsPerClientMax: number;
  /** Bans, and likewise addresses and names that are counted; those not met for longest make room. */
  readonly entriesMax: number;
  /** Addresses and networks, as `192.0.2.0/24`, from which nobody is banned. */
  readonly exempt: readonly string[];
}

/** Nothing that is retained is taken or announced. */
export function retainsNothing({ retainedMessagesMax }: BrokerLimits): boolean {
  return retainedMessagesMax === 0;
}

/** What all filters of one client may have together: long ones are rare, and as many long ones as filters are an attack. */
export function filterCharactersMax({ subscriptionsPerClientMax }: BrokerLimits): number {
  return Math.max(filterCharactersMin, subscriptionsPerClientMax * filterCharactersAverage);
}

/** Room for two of the longest that MQTT can say. */
const filterCharactersMin = 128 * 1024;
const filterCharactersAverage = 256;

/** The same of the topics that a client set aliases for. */
export function aliasCharactersMax({ topicAliasMax }: BrokerLimits): number {
  return Math.max(aliasCharactersMin, topicAliasMax * filterCharactersAverage);
}

/** Room for one of the longest. */
const aliasCharactersMin = 64 * 1024;

/** Why a message with these properties is not taken; undefined where it is. */
export function userPropertiesRefusal(
  properties: { readonly userProperties?: readonly unknown[] } | undefined,
  max: number,
): SluiceError | undefined {
  const met = properties?.userProperties?.length ?? 0;
  if (met <= max) return undefined;
  return new SluiceError('quota_exceeded', `A message has at most ${max} user properties: this one has ${met}`);
}

/** Why a payload of so many bytes is not taken; undefined where it is. */
export function payloadBytesRefusal(bytes: number, max: number): SluiceError | undefined {
  if (max === 0 || bytes <= max) return undefined;
  return new SluiceError('payload_too_large', `A message has a payload of at most ${max} bytes: this one has ${bytes}`);
}

/** The least that a server may set as its Maximum Packet Size: every acknowledgement fits. */
export const packetBytesMin = 20;

/** The largest packet that MQTT can say: a server that takes it has no Maximum Packet Size. */
export const wholePacketBytesMax = 268_435_460;

/** What a connection may send before its CONNECT was accepted. */
export const connectPacketBytesMax = 256 * 1024;

/**
 * How `packetsBytesMax` is divided between `strangers`, who have no CONNACK yet or claim, and `clients`: nobody takes the room of
 * somebody. What a client is lent is far ahead of what it sent as long as most of its part is free.
 */
export function gatherTermsOf({ packetsBytesMax }: BrokerLimits): Record<'strangers' | 'clients', GatherTerms> {
  const strangersBytesMax = Math.min(
    packetsBytesMax / 2,
    Math.max(packetsBytesMax / strangersPart, 2 * connectPacketBytesMax),
  );
  const clientsBytesMax = packetsBytesMax - strangersBytesMax;
  return {
    strangers: { bytesMax: strangersBytesMax, alwaysBytes: strangerAlwaysBytes, farAheadBytesMax: 0 },
    clients: { bytesMax: clientsBytesMax, alwaysBytes: clientAlwaysBytes, farAheadBytesMax: clientsBytesMax / 4 },
  };
}

const strangersPart = 8;

/** Nearly every CONNECT is shorter; and there may be as many strangers as connections. */
const strangerAlwaysBytes = 4 * 1024;
const clientAlwaysBytes = 64 * 1024;
