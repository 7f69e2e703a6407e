import { claimBounds } from '../../broker/claims.ts';
import { connectPacketBytesMax } from '../../broker/limits.ts';
import type { Option } from '../../config/option.ts';
import { configOptions } from '../../config/options.ts';
import { connectionsMax } from '../../http/app.ts';
import { longPollsMax, longPollsPerClientMax } from '../../http/long-polls.ts';
import { brokerTable } from '../../http/metrics/broker-table.ts';
import { metricTable } from '../../http/metrics/metric-table.ts';
import { batchItemsMax } from '../../http/schemas.ts';
import { propertyBytesMax } from '../../mqtt/codec/decode-properties.ts';
import { topicBytesMax } from '../../mqtt/topics/names.ts';
import { pipelineLimits } from '../../pipeline/limits.ts';
import { strangersMax } from '../../pipeline/strangers.ts';
import { jsonDepthMax } from '../../std/json-depth.ts';

/** Where each bound that is an option shows: a metric, with the label where one tells it from others. Absent where nothing is refused or dropped at it. */
const shown: Readonly<Record<string, string | undefined>> = {
  'mqtt.packetBytesMax': 'sluice_broker_disconnects_total{reason_code="0x95"}',
  'mqtt.packetsBytesMax': 'sluice_broker_disconnects_total{reason_code="0x97"}',
  'mqtt.connectionsMax': 'sluice_listener_connections_refused_total{reason="connections_max"}',
  'mqtt.connectTimeoutMs': 'sluice_broker_keep_alive_timeouts_total',
  'mqtt.keepAliveSecondsMax': 'sluice_broker_keep_alive_timeouts_total',
  'mqtt.inflightMax': undefined,
  'mqtt.receiveMaximum': 'sluice_broker_disconnects_total{reason_code="0x93"}',
  'mqtt.topicAliasMax': 'sluice_broker_disconnects_total{reason_code="0x94"}',
  'mqtt.topicAliasOutMax': undefined,
  'mqtt.outputBytesMax': 'sluice_broker_dropped_total{reason="slow_consumer"}',
  'mqtt.sessionsMax': 'sluice_broker_connects_refused_total{reason_code="0x97"}',
  'mqtt.sessionExpirySecondsMax': undefined,
  'mqtt.sessionMessagesMax': 'sluice_broker_dropped_total{reason="session_full"}',
  'mqtt.sessionBytesMax': 'sluice_broker_dropped_total{reason="session_full"}',
  'mqtt.subscriptionsPerClientMax': 'sluice_broker_subscribes_refused_total{reason_code="0x97"}',
  'mqtt.retainedMessagesMax': 'sluice_broker_dropped_total{reason="retained_full"}',
  'mqtt.topicLevelsMax': 'sluice_broker_publishes_refused_total',
  'mqtt.userPropertiesMax': 'sluice_broker_publishes_refused_total',
  'mqtt.clientIdBytesMax': 'sluice_broker_connects_refused_total{reason_code="0x85"}',
  'mqtt.willBytesMax': 'sluice_broker_connects_refused_total{reason_code="0x95"}',
  'mqtt.qosMax': 'sluice_broker_disconnects_total{reason_code="0x9b"}',
  'mqtt.payloadBytesMax': 'sluice_broker_publishes_refused_total',
  'mqtt.connectionsPerAddressMax': 'sluice_broker_connections_refused_total',
  'mqtt.connectRateMax': 'sluice_broker_connects_rate_exceeded_total',
  'mqtt.connectRatePerAddressMax': 'sluice_broker_connects_rate_exceeded_total',
  'mqtt.claimConnectionsMax': 'sluice_broker_connects_refused_total{reason_code="0x97"}',
  'mqtt.publishRateMax': 'sluice_broker_pauses_total{reason="publish_rate"}',
  'mqtt.publishBytesRateMax': 'sluice_broker_pauses_total{reason="publish_rate"}',
  'mqtt.publishRatePerAddressMax': 'sluice_broker_pauses_total{reason="publish_rate"}',
  'mqtt.publishBytesRatePerAddressMax': 'sluice_broker_pauses_total{reason="publish_rate"}',
  'mqtt.ban.failedLoginsMax': 'sluice_broker_connects_banned_total',
  'mqtt.ban.failedLoginsPerAddressMax': 'sluice_broker_connects_banned_total',
  'mqtt.ban.malformedMax': 'sluice_broker_connects_banned_total',
  'mqtt.ban.connectsPerClientMax': 'sluice_broker_connects_banned_total',
  'mqtt.ban.entriesMax': 'sluice_broker_bans',
  'access.http.concurrentMax': undefined,
  'access.http.waitingMax': 'sluice_broker_connects_refused_total{reason_code="0x97"}',
  'access.http.cacheEntriesMax': undefined,
  'http.bodyBytesMax': 'sluice_http_requests_total{status="413"}',
  'http.bodiesBytesMax': 'sluice_http_bodies_refused_total',
  'pipeline.threadsMax': 'sluice_pipeline_driver_threads',
  'stop.settleMsMax': undefined,
  'log.eventLoopDelayMsMax': 'sluice_event_loop_delay_seconds',
};

/** Bounds that nobody can set, as far as a client can meet them. */
const fixed: readonly (readonly [bound: string, value: number, behaviour: string])[] = [
  ['bytes of a packet before CONNECT is accepted', connectPacketBytesMax, 'the connection ends'],
  ['milliseconds of a connection that claims', claimBounds.connectionMsMax, 'the connection ends with 0xA0'],
  ['bytes of a packet on it', claimBounds.packetBytesMax, 'the connection ends with 0x95'],
  ['bytes of all properties of one packet', propertyBytesMax, 'the connection ends with 0x95'],
  ['bytes of a topic name or filter', topicBytesMax, 'PUBLISH is refused with 0x90, SUBSCRIBE with 0x8F'],
  ['HTTP connections', connectionsMax, 'one more is closed at once'],
  [
    'HTTP requests that wait for messages',
    longPollsMax,
    'answered with 429, a device message that is safe with `notAwaited`',
  ],
  ['those of one client, streams of deliveries among them', longPollsPerClientMax, 'the same'],
  ['device messages whose end HTTP requests wait for', pipelineLimits.resultWaitersMax, 'answered with `notAwaited`'],
  ['those of one client', pipelineLimits.resultWaitersPerClientMax, 'answered with `notAwaited`'],
  ['items of one HTTP request', batchItemsMax, 'answered with 400'],
  ['arrays and objects inside each other in JSON', jsonDepthMax, 'answered with 400'],
  ['device messages of inline types in work', pipelineLimits.inlineMessagesMax, 'refused with 0x97, or 429'],
  ['bytes of device messages of inline types in work', pipelineLimits.inlineBytesMax, 'refused with 0x97, or 429'],
  ['device ids that send and are not registered, as they are listed', strangersMax, 'those that sent last are kept'],
  ['worker processes', pipelineLimits.workersMax, 'answered with 429'],
];

/** Options that bound what a client can make grow. */
export function boundOptions(): [name: string, option: Option<unknown>][] {
  return Object.entries(configOptions as Record<string, Option<unknown>>).filter(([name]) => name in shown);
}

/** Options that sound like a bound and have no line here, and lines whose option or metric is not there. */
export function limitsProblems(): string[] {
  const metrics = new Set([...metricTable, ...brokerTable].map(({ name }) => name));
  const isBound = (name: string): boolean => /(Max|Maximum|TimeoutMs)$/.test(name);
  return [
    ...Object.keys(configOptions).filter((name) => isBound(name) && !(name in shown)),
    ...Object.keys(shown).filter((name) => !(name in configOptions)),
    ...Object.values(shown).filter((metric) => metric !== undefined && !metrics.has(metric.split('{')[0])),
  ] as string[];
}

export function limitsPage(table: (titles: readonly string[], rows: readonly (readonly string[])[]) => string): string {
  const options = boundOptions().map(([name, { default: value, sentence }]) => {
    const metric = shown[name];
    return [`\`${name}\``, Number(value).toLocaleString('en'), sentence, metric === undefined ? '' : `\`${metric}\``];
  });
  const constants = fixed.map(([bound, value, behaviour]) => [bound, value.toLocaleString('en'), behaviour]);
  return `${[
    introduction,
    '## Bounds that can be set',
    table(['option', 'default', 'what it bounds, and what happens there', 'where it shows'], options),
    '## Bounds that are fixed',
    table(['bound', 'value', 'beyond it'], constants),
    'A queue and a listener have bounds of their own, which are among their options: see `queues.NAME` and `listeners.NAME` in [configuration.md](configuration.md).',
  ].join('\n\n')}\n`;
}

const introduction = `# Limits

Everything that a client can make grow has a bound with a name, and something designed happens there. 0 sets no bound where the
sentence says so. Bounds of one client multiply by the clients that there may be: where strangers connect, lower \`mqtt.connectionsMax\`,
\`mqtt.outputBytesMax\` and \`mqtt.sessionBytesMax\` to what the memory takes. Metrics are explained in [metrics.md](metrics.md); who is banned for what, and why, in
[0038](../decisions/0038-bans-and-rates.md).`;
