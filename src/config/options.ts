import { jwtAlgorithms } from '../access/jwt-key.ts';
import { authenticatorNames } from '../access/proof.ts';
import { rollupIntervals } from '../devices/rollup-intervals.ts';
import { logLevels } from '../std/log.ts';
import { deviceTypeOptions, eventTypeSettings, rate, rates, retention } from './entries/device-type.ts';
import { accessRule, everybodyRule, queueEntries, tokenEntry, userEntry } from './entries.ts';
import { listenerEntry, listenerRedirect, listenerTls } from './listeners.ts';
import { type Option, option, unset } from './option.ts';
import { httpOptions } from './options/http.ts';
import { mqttOptions } from './options/mqtt.ts';
import { choice, integer, list, record, text, toggle } from './schema.ts';
import { day, gibibyte, mebibyte } from './units.ts';

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

  ...mqttOptions,

  ...httpOptions,

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

  'access.devices.audience': option(text(), {
    default: 'sluice',
    sentence: 'What the claim `aud` must hold of a token that a device signed with its own key.',
  }),
  'access.devices.tokenSeconds': option(integer(60, 366 * 86_400), {
    default: 86_400,
    sentence: 'How long such a token may still hold when the device shows it, in seconds.',
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

  'history.rollups': option(list(choice(...rollupIntervals)), {
    default: ['1h', '1d'],
    sentence:
      'Intervals for which is kept what the numbers of the history come to, so that series over long spans are quick, and outlive the history of device types that keep it for a while only.',
  }),

  'pipeline.threadsMin': option(integer(1, 64), { default: 1, sentence: 'Threads that run drivers, at least.' }),
  'pipeline.threadsMax': option(integer(0, 64), {
    default: 0,
    sentence:
      'Threads that run drivers, at most; between the two they follow the backlog. 0: one fewer than there are cores, at least one.',
  }),
  'drivers.folder': unset(text({ expected: 'the path of a folder' }), {
    isPath: true,
    sentence:
      'Folder that has a folder for each driver, with driver.json and codec.js as `sluice driver new` makes them; what changes there is loaded while the server runs.',
  }),
  'pipeline.consume': option(toggle(), {
    default: true,
    sentence:
      'Whether this process works on the ingest queue; false leaves the queue to processes that `sluice worker` starts.',
  }),
  'stop.settleMsMax': option(integer(0, 600_000), {
    default: 5_000,
    sentence:
      'How long a stop waits for consumers of queues to settle what they hold, in milliseconds, while nothing more is handed out; what they have not settled by then goes back, uncounted. 0 does not wait.',
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
  'deviceTypes.NAME.eventTypes.TYPE': eventTypeSettings,
  'deviceTypes.NAME.rates': rates,
  'deviceTypes.NAME.retention': retention,
  'deviceTypes.NAME.rates.device, deviceTypes.NAME.rates.type': rate,
  'listeners.NAME': listenerEntry,
  'listeners.NAME.tls': listenerTls,
  'listeners.NAME.redirect': listenerRedirect,
};
