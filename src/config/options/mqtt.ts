import { packetBytesMin, wholePacketBytesMax } from '../../broker/limits.ts';
import type { QoS } from '../../message.ts';
import { topicLevelsMax } from '../../mqtt/topics/names.ts';
import { network } from '../entries.ts';
import { listenerEntries, listenersWithPaths } from '../listeners.ts';
import { option, unset } from '../option.ts';
import { choice, integer, list, type Schema, text, toggle } from '../schema.ts';
import { day, gibibyte, kibibyte, mebibyte, port } from '../units.ts';

/** The MQTT door: its limits, and further listeners. */
export const mqttOptions = {
  'mqtt.port': option(port, {
    default: 1883,
    flag: 'mqtt-port',
    placeholder: 'N',
    sentence:
      'TCP port for MQTT as it is, without TLS; 0 picks a free one. Where `listeners` has one named `mqtt`, that one stands in its place.',
  }),
  'mqtt.packetBytesMax': option(integer(packetBytesMin, wholePacketBytesMax), {
    default: 4 * mebibyte,
    sentence:
      'Largest MQTT packet in bytes; a larger one ends its connection with 0x95. At 268,435,460 any packet is taken, and CONNACK says no Maximum Packet Size.',
  }),
  'mqtt.payloadBytesMax': option(integer(0, wholePacketBytesMax), {
    default: 0,
    sentence:
      'Largest payload of a message or a will in bytes; a larger message is refused with 0x97 (dropped at QoS 0), CONNECT with 0x95; 0 sets no bound but that of packets.',
  }),
  'mqtt.qosMax': option(integer(0, 2) as Schema<QoS>, {
    default: 2,
    sentence:
      'Highest QoS, which CONNACK announces as Maximum QoS; subscriptions get no more, those from before too, and a PUBLISH above it ends its connection with 0x9B. What a session owed before it was lowered goes out as it was owed.',
  }),
  'mqtt.packetsBytesMax': option(integer(mebibyte, 1024 * 1024 * mebibyte), {
    default: 256 * mebibyte,
    sentence:
      'Bytes set aside for packets of all connections together that have come in part; beyond it a packet that needs more than 64 KiB ends its connection with 0x97. An eighth of it, and at least 512 KiB, is for connections that have no CONNACK yet: beyond that a CONNECT of more than 4 KiB that comes in part is refused with 0x97, and counted in `sluice_broker_connects_refused_total`.',
  }),
  'mqtt.connectionsMax': option(integer(1, 1_000_000), {
    default: 100_000,
    sentence: 'MQTT connections at once, of all listeners together; one more is closed at once.',
  }),
  'mqtt.connectTimeoutMs': option(integer(100, 600_000), {
    default: 10_000,
    sentence: 'Milliseconds that a connection has to send its whole CONNECT packet.',
  }),
  'mqtt.keepAliveSecondsMax': option(integer(0, 65_535), {
    default: 0,
    sentence: 'Longest keep-alive of an MQTT 5 client in seconds; 0 leaves it to the client.',
  }),
  'mqtt.inflightMax': option(integer(1, 65_535), {
    default: 1000,
    sentence: 'QoS 1 and 2 messages on their way to one client; more wait in its session.',
  }),
  'mqtt.receiveMaximum': option(integer(1, 65_535), {
    default: 1000,
    sentence: 'QoS 1 and 2 messages on their way from one client; one more ends its connection with 0x93.',
  }),
  'mqtt.topicAliasMax': option(integer(0, 65_535), {
    default: 64,
    sentence:
      'Topic aliases that one client may set. Their topics may have 65,536 characters together, or 256 for each alias where that is more; beyond it the connection ends with 0x97.',
  }),
  'mqtt.outputBytesMax': option(integer(64 * kibibyte, gibibyte), {
    default: 8 * mebibyte,
    sentence:
      'Bytes that wait for one slow socket, in up to 2.25 times as much memory; beyond it QoS 0 is dropped and counted, QoS 1 and 2 wait in the session.',
  }),
  'mqtt.sessionsMax': option(integer(1, 10_000_000), {
    default: 100_000,
    sentence: 'Sessions, connected or not; beyond it CONNECT is refused with 0x97.',
  }),
  'mqtt.sessionExpirySecondsMax': option(integer(0, 0xffff_ffff), {
    default: 7 * day,
    sentence: 'Seconds that a session outlives its connection at most; a longer wish is cut to this.',
  }),
  'mqtt.sessionMessagesMax': option(integer(1, 100_000_000), {
    default: 100_000,
    sentence: 'Messages that wait in one session; beyond it the newest is dropped and counted.',
  }),
  'mqtt.sessionBytesMax': option(integer(kibibyte, 1024 * gibibyte), {
    default: 64 * mebibyte,
    sentence:
      'Bytes that wait in one session; beyond it the newest is dropped and counted. From as many bytes that queues lent to one client they lend it no more.',
  }),
  'mqtt.subscriptionsPerClientMax': option(integer(1, 1_000_000), {
    default: 1000,
    sentence:
      'Subscriptions of one client, with filters of 256 characters on average; beyond it SUBSCRIBE is refused with 0x97.',
  }),
  'mqtt.topicAliasOutMax': option(integer(0, 1_000), {
    default: 64,
    sentence:
      'Topic aliases that the server uses towards one client, which must allow as many; topics beyond them go by name.',
  }),
  'mqtt.retainedSourceCheck': option(toggle(), {
    default: true,
    sentence:
      'Whether a retained message goes to a new subscription only while who published it may still publish to its topic, by the rights of that moment.',
  }),
  'mqtt.payloadFormatCheck': option(toggle(), {
    default: true,
    sentence:
      'Whether a payload that its publisher says is UTF-8 (Payload Format Indicator 1) must be: otherwise it is refused with 0x99.',
  }),
  'mqtt.responseTopicPrefix': unset(
    text({
      pattern: /^(?:[^$+#]|\$\{clientId\})+$/,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of ours
      expected: 'a topic without wildcards that may hold ${clientId}',
    }),
    {
      sentence:
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of ours
        'What a client that asks for Response Information is told: the beginning of topics for answers to it, such as `responses/${clientId}`.',
    },
  ),
  'mqtt.sharedDispatch': option(choice('least_inflight', 'round_robin', 'random', 'sticky'), {
    default: 'least_inflight',
    sentence:
      'Which member of a shared subscription gets a message; `sticky` gives all with the same user property `sluice-key`, or topic, to one member.',
  }),
  'mqtt.retainedMessagesMax': option(integer(0, 100_000_000), {
    default: 1_000_000,
    sentence:
      'Topics with a retained message; beyond it a new one is refused with 0x97, and what was there before it was lowered stays. 0: CONNACK says Retain Available 0, a PUBLISH to be retained ends its connection with 0x9A, and what is there greets nobody.',
  }),
  'mqtt.sysIntervalSeconds': option(integer(0, day), {
    default: 10,
    sentence: 'Seconds between updates of the topics under `$SYS`; 0: there are none.',
  }),
  'mqtt.topicLevelsMax': option(integer(1, topicLevelsMax), {
    default: topicLevelsMax,
    sentence: `Levels of a topic name or filter; beyond it PUBLISH is refused with 0x90 and SUBSCRIBE with 0x8F, and beyond ${topicLevelsMax} the connection ends.`,
  }),
  'mqtt.userPropertiesMax': option(integer(0, 65_535), {
    default: 256,
    sentence: 'User properties of one message or will; beyond it it is refused with 0x97.',
  }),
  'mqtt.clientIdBytesMax': option(integer(23, 65_535), {
    default: 1024,
    sentence: 'Bytes of a client id; beyond it CONNECT is refused with 0x85.',
  }),
  'mqtt.emptyClientIds': option(toggle(), {
    default: true,
    sentence:
      'Whether clients come in without a client id and are given one; otherwise CONNECT is refused with 0x80, on 3.1.1 with return code 2.',
  }),
  'mqtt.clientIdPrefix': option(
    text({ pattern: /^[^\p{Cc}$+#/]{1,64}$/u, expected: '1 to 64 characters without $, +, # and /' }),
    {
      default: 'auto-',
      sentence: 'What client ids that the server gives begin with; a UUID follows.',
    },
  ),
  'mqtt.willBytesMax': option(integer(0, 65_535), {
    default: 65_535,
    sentence: "Bytes of a will's payload; beyond it CONNECT is refused with 0x95.",
  }),
  'mqtt.connectionsPerAddressMax': option(integer(0, 1_000_000), {
    default: 0,
    sentence:
      'MQTT connections at once from one address (of IPv6: from one /64); one more is closed at once; 0 sets no bound.',
  }),
  'mqtt.connectRateMax': option(integer(0, 1_000_000), {
    default: 0,
    sentence:
      'CONNECT packets that are taken in a second; beyond it they are refused with 0x9F before a password is looked at; 0 sets no bound.',
  }),
  'mqtt.connectRatePerAddressMax': option(integer(0, 1_000_000), {
    default: 0,
    sentence:
      'CONNECT packets that are taken from one address (of IPv6: from one /64) in a second; beyond it the same; 0 sets no bound.',
  }),
  'mqtt.claimConnectionsMax': option(integer(0, 100_000), {
    default: 100,
    sentence:
      'Connections at once of devices that register themselves by a claim key (user name `claim`), of one address a quarter; beyond it CONNECT is refused with 0x97; 0 takes none.',
  }),
  'mqtt.publishRateMax': option(integer(0, 100_000_000), {
    default: 0,
    sentence:
      'Messages that one client may publish in a second; a faster one is not read until the time for them has passed; 0 sets no bound.',
  }),
  'mqtt.publishBytesRateMax': option(integer(0, 1024 * gibibyte), {
    default: 0,
    sentence:
      'Bytes, of packets of any kind, that are read from one client in a second; beyond it the same; 0 sets no bound.',
  }),
  'mqtt.publishRatePerAddressMax': option(integer(0, 100_000_000), {
    default: 0,
    sentence:
      'Messages that all clients of one address (of IPv6: one /64) together may publish in a second; beyond it the same; 0 sets no bound.',
  }),
  'mqtt.publishBytesRatePerAddressMax': option(integer(0, 1024 * gibibyte), {
    default: 0,
    sentence:
      'Bytes, of packets of any kind, that are read from all clients of one address together in a second; beyond it the same; 0 sets no bound.',
  }),
  'mqtt.ban.seconds': option(integer(1, 7 * day), {
    default: 300,
    sentence: 'Seconds that a ban lasts; meanwhile CONNECT is refused with 0x8A.',
  }),
  'mqtt.ban.windowSeconds': option(integer(1, day), {
    default: 60,
    sentence: 'Seconds in which so many offences of one kind, as the other options say, lead to a ban.',
  }),
  'mqtt.ban.failedLoginsMax': option(integer(0, 1_000_000), {
    default: 10,
    sentence:
      'Failed logins with one user name from one address that ban this user name at this address; 0 bans nobody for that. Addresses of this machine are never banned.',
  }),
  'mqtt.ban.failedLoginsPerAddressMax': option(integer(0, 1_000_000), {
    default: 100,
    sentence: 'Failed logins from one address, whatever the user names, that ban the address; 0 bans nobody for that.',
  }),
  'mqtt.ban.malformedMax': option(integer(0, 1_000_000), {
    default: 1000,
    sentence:
      'Packets from one address that break the protocol, after which the address is banned; 0 bans nobody for that.',
  }),
  'mqtt.ban.connectsPerClientMax': option(integer(0, 1_000_000), {
    default: 300,
    sentence:
      'Connections of one client id from one address, other than take-overs, that ban this client id at this address; 0 bans nobody for that.',
  }),
  'mqtt.ban.entriesMax': option(integer(100, 1_000_000), {
    default: 10_000,
    sentence: 'Bans at once, and addresses and names whose offences are counted; those not met for longest make room.',
  }),
  'mqtt.ban.exempt': option(list(network), {
    default: ['127.0.0.0/8', '::1'],
    sentence: 'Addresses and networks from which nobody is banned, such as those of a load balancer.',
  }),

  listeners: option(listenerEntries, {
    default: {},
    withPaths: listenersWithPaths,
    sentence:
      'Further ports for MQTT, by name: over TCP, TLS or WebSocket, each with its own limits and authentication.',
  }),
};
