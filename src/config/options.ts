import { jwtAlgorithms } from '../access/jwt-key.ts';
import { authenticatorNames } from '../access/proof.ts';
import { topicLevelsMax } from '../mqtt/topics/names.ts';
import { logLevels } from '../std/log.ts';
import {
  accessRule,
  deviceTypeOptions,
  everybodyRule,
  network,
  queueEntries,
  tokenEntry,
  userEntry,
} from './entries.ts';
import { listenerEntries, listenerEntry, listenerRedirect, listenersWithPaths, listenerTls } from './listeners.ts';
import { type Option, option, unset } from './option.ts';
import { choice, integer, list, record, text, toggle } from './schema.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const gibibyte = 1024 * mebibyte;
const day = 86_400;
const port = integer(0, 65_535);
const httpUrl = text({ pattern: /^https?:\/\/.+/, expected: 'an http:// or https:// URL' });

/** Every option of the server, by its dotted name. */
export const configOptions = {
  host: option(text({ expected: 'a host name or an IP address' }), {
    default: '127.0.0.1',
    flag: 'host',
    placeholder: 'HOST',
    sentence: 'Address to listen on, for every port.',
  }),
  data: option(text({ expected: 'the path of a folder' }), {
    default: './data',
    flag: 'data',
    placeholder: 'DIR',
    isPath: true,
    sentence: 'Folder for everything that outlives the process; made where it is missing.',
  }),

  'storage.freeBytesMin': option(integer(0, 1024 * gibibyte), {
    default: 256 * mebibyte,
    sentence:
      'Bytes kept free on the disk of `data`; below it what would be stored is refused with 0x97 or 507 until consumers or somebody else made room. 0 keeps none free.',
  }),

  'mqtt.port': option(port, {
    default: 1883,
    flag: 'mqtt-port',
    placeholder: 'N',
    sentence:
      'TCP port for MQTT as it is, without TLS; 0 picks a free one. Where `listeners` has one named `mqtt`, that one stands in its place.',
  }),
  'mqtt.packetBytesMax': option(integer(kibibyte, 256 * mebibyte), {
    default: 4 * mebibyte,
    sentence: 'Largest MQTT packet in bytes; a larger one ends its connection with 0x95.',
  }),
  'mqtt.packetsBytesMax': option(integer(mebibyte, 1024 * 1024 * mebibyte), {
    default: 256 * mebibyte,
    sentence:
      'Bytes set aside for packets of all connections together that have come in part; beyond it a packet that needs more than 64 KiB ends its connection with 0x97.',
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
    sentence: 'Topic aliases that one client may set.',
  }),
  'mqtt.outputBytesMax': option(integer(64 * kibibyte, gibibyte), {
    default: 8 * mebibyte,
    sentence:
      'Bytes that wait for one slow socket; beyond it QoS 0 is dropped and counted, QoS 1 and 2 wait in the session.',
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
    sentence: 'Topics with a retained message; beyond it a new one is refused with 0x97.',
  }),

  'mqtt.sysIntervalSeconds': option(integer(0, day), {
    default: 10,
    sentence: 'Seconds between updates of the topics under `$SYS`; 0: there are none.',
  }),
  'mqtt.topicLevelsMax': option(integer(1, topicLevelsMax), {
    default: topicLevelsMax,
    sentence: 'Levels of a topic name or filter; beyond it PUBLISH is refused with 0x90 and SUBSCRIBE with 0x8F.',
  }),
  'mqtt.userPropertiesMax': option(integer(0, 65_535), {
    default: 256,
    sentence: 'User properties of one message or will; beyond it it is refused with 0x97.',
  }),
  'mqtt.clientIdBytesMax': option(integer(23, 65_535), {
    default: 1024,
    sentence: 'Bytes of a client id; beyond it CONNECT is refused with 0x85.',
  }),
  'mqtt.willBytesMax': option(integer(0, 65_535), {
    default: 65_535,
    sentence: "Bytes of a will's payload; beyond it CONNECT is refused with 0x97.",
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
      'Failed logins with one user name from one address that ban this user name at this address; 0 bans nobody for that.',
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

  'http.port': option(port, {
    default: 8080,
    flag: 'http-port',
    placeholder: 'N',
    sentence: 'TCP port for HTTP; 0 picks a free one.',
  }),
  'http.bodyBytesMax': option(integer(kibibyte, 256 * mebibyte), {
    default: 4 * mebibyte,
    sentence: 'Largest request body in bytes; a larger one is answered with 413.',
  }),
  'http.bodiesBytesMax': option(integer(kibibyte, 1024 * gibibyte), {
    default: 256 * mebibyte,
    sentence:
      'Bytes of request bodies of all connections together that have arrived and are not answered; beyond it a request is answered with 503.',
  }),
  'http.tls.certFile': unset(text({ expected: 'the path of a file' }), {
    isPath: true,
    sentence: 'Certificate chain in PEM; with `http.tls.keyFile` the HTTP port speaks HTTPS.',
  }),
  'http.tls.keyFile': unset(text({ expected: 'the path of a file' }), {
    isPath: true,
    sentence: 'Private key in PEM for `http.tls.certFile`.',
  }),

  'access.anonymous': option(choice('loopback', 'never', 'always'), {
    default: 'loopback',
    sentence:
      'Who may come without credentials: callers on this machine, nobody, or everybody. They may do everything where `access.rules` is empty, and what it allows where it is not.',
  }),
  'access.order': option(list(choice(...authenticatorNames)), {
    default: authenticatorNames,
    sentence:
      'Ways to find out who a client is, in the order in which they are tried; the first that knows it decides.',
  }),
  'access.rules': option(list(everybodyRule), {
    default: [],
    sentence:
      "Rules for everybody but administrators, before each one's own; the first rule that matches decides, and where none does it is denied.",
  }),
  'access.users': option(list(userEntry), {
    default: [],
    sentence: 'Users for MQTT and HTTP; a password stands there as it is, or as a hash of `sluice hash`.',
  }),
  'access.tokens': option(list(tokenEntry), {
    default: [],
    sentence: 'Bearer tokens for HTTP.',
  }),

  'access.jwt.secret': unset(text({ secret: true, pattern: /^[\s\S]{32,}$/, expected: 'at least 32 characters' }), {
    sentence: 'Secret that JSON Web Tokens are signed with (HMAC); tokens are taken once this or another key is set.',
  }),
  'access.jwt.publicKeyFile': unset(text({ expected: 'the path of a file' }), {
    isPath: true,
    sentence: 'Public key in PEM that JSON Web Tokens are checked with: RSA, EC or Ed25519.',
  }),
  'access.jwt.jwksUrl': unset(httpUrl, {
    sentence: 'Where the public keys are that JSON Web Tokens are checked with (JWKS).',
  }),
  'access.jwt.jwksRefreshSeconds': option(integer(10, day), {
    default: 300,
    sentence: 'How old the keys of `access.jwt.jwksUrl` may be before they are asked for again, in seconds.',
  }),
  'access.jwt.algorithms': option(list(choice(...jwtAlgorithms)), {
    default: [],
    sentence:
      'Signature algorithms that are accepted; empty: HS256 for a secret, the one of the public key, RS256 and ES256 for JWKS.',
  }),
  'access.jwt.issuer': unset(text(), {
    sentence: 'What the claim `iss` must be; a token of another issuer is left to the next way to log in.',
  }),
  'access.jwt.audience': unset(text(), { sentence: 'What the claim `aud` must hold.' }),
  'access.jwt.clockToleranceSeconds': option(integer(0, 300), {
    default: 10,
    sentence: 'How far the clocks of issuer and server may lie apart, in seconds.',
  }),
  'access.jwt.nameClaim': option(text(), { default: 'sub', sentence: 'Claim that names the client.' }),
  'access.jwt.adminClaim': unset(text(), {
    sentence: 'Claim that makes an administrator of whoever has it with the value true.',
  }),
  'access.jwt.username': option(choice('any', 'name'), {
    default: 'any',
    sentence: 'User name of an MQTT client whose password is a token: any (or none), or the one that the token names.',
  }),
  'access.jwt.rules': option(list(accessRule), {
    default: [],
    sentence: 'Rules for tokens that bring none in their claims `rules`, `publish` and `subscribe`.',
  }),
  'access.http.url': unset(httpUrl, {
    sentence: 'Service that is asked about logins, by a POST of JSON.',
  }),
  'access.http.authorization': unset(text({ secret: true }), {
    sentence: 'Authorization header of the requests to `access.http.url`.',
  }),
  'access.http.timeoutMs': option(integer(50, 60_000), {
    default: 2_000,
    sentence: 'Milliseconds that the service has to answer; then the login is refused with 0x88.',
  }),
  'access.http.concurrentMax': option(integer(1, 1_000), {
    default: 20,
    sentence: 'Requests to the service at once; more logins wait.',
  }),
  'access.http.waitingMax': option(integer(0, 100_000), {
    default: 1_000,
    sentence: 'Logins that wait for the service, of one address a quarter; beyond it they are refused with 0x97.',
  }),
  'access.http.cacheSeconds': option(integer(0, day), {
    default: 60,
    sentence: 'Seconds for which an answer counts for the same login again; one that denies for 10 at most.',
  }),
  'access.http.cacheEntriesMax': option(integer(1, 1_000_000), {
    default: 10_000,
    sentence: 'Answers that are kept; the one not used for longest makes room.',
  }),

  queues: option(queueEntries, {
    default: {},
    sentence: 'Queues that are there from the start, by name, with their options.',
  }),
  deviceTypes: option(
    record(/^[A-Za-z0-9._:-]{1,128}$/, "letters, digits, '.', '_', ':' and '-', at most 128", deviceTypeOptions),
    { default: {}, sentence: 'Device types that are there from the start, by name.' },
  ),

  'pipeline.workers': option(integer(1, 64), {
    default: 1,
    sentence: 'Threads that run drivers.',
  }),
  'log.level': option(choice(...logLevels), {
    default: 'info',
    flag: 'log-level',
    placeholder: 'LEVEL',
    sentence: 'Lowest level that is logged, to standard error.',
  }),
  'log.eventLoopDelayMsMax': option(integer(0, 60_000), {
    default: 250,
    sentence:
      'Milliseconds that what is due may wait for the event loop, as the 99th percentile of half a minute, before a warning is logged; 0 never warns.',
  }),
} satisfies Record<string, Option<unknown>>;

/** What the lists and objects among the options hold, for the reference. */
export const configEntries = {
  'access.users[]': userEntry,
  'access.tokens[]': tokenEntry,
  'access.users[].rules[], access.tokens[].rules[], access.jwt.rules[]': accessRule,
  'access.rules[]': everybodyRule,
  'deviceTypes.NAME': deviceTypeOptions,
  'listeners.NAME': listenerEntry,
  'listeners.NAME.tls': listenerTls,
  'listeners.NAME.redirect': listenerRedirect,
};
