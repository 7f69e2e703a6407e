import type { DropReason } from '../../broker/counters.ts';
import type { MetricRow } from './metric-row.ts';
import type { BrokerNumbers } from './platform-metrics.ts';

interface BrokerRow {
  /** Behind `sluice_broker_`. */
  readonly name: string;
  readonly type: MetricRow['type'];
  readonly help: string;
  /** What is counted in one unit of the metric. */
  readonly scale?: number;
}

/** One row for everything that the broker counts: what has none does not compile. */
const rows: { readonly [K in Exclude<keyof BrokerNumbers, 'dropped'>]: BrokerRow } = {
  connections: level('connections', 'Open MQTT connections'),
  connectionsTotal: total('connections_accepted', 'MQTT connections accepted'),
  connectRefused: total('connects_refused', 'CONNECT packets refused'),
  connectBanned: total('connects_banned', 'CONNECT packets refused because of a ban'),
  connectRateExceeded: total(
    'connects_rate_exceeded',
    'CONNECT packets refused because of `mqtt.connectRateMax` or `mqtt.connectRatePerAddressMax`',
  ),
  bansMade: total('bans_made', 'Bans'),
  rightsLost: total('rights_lost', 'Connections ended because what they came in with expired or changed'),
  clients: level('clients', 'Connected clients'),
  clientsMax: level('clients_max', 'Clients that were connected at the same time, at most'),
  connectsIn: total('connects_received', 'CONNECT packets received'),
  bytesIn: total('received_bytes', 'Bytes received over MQTT'),
  bytesOut: total('sent_bytes', 'Bytes sent over MQTT'),
  packetsIn: total('packets_received', 'Packets of every type received'),
  answersOut: total('answers_sent', 'Packets of every type but PUBLISH sent'),
  packetsMalformed: total('packets_malformed', 'Packets that broke the protocol and ended their connection'),
  publishesIn: total('publishes_received', 'Messages published, by clients, wills and over HTTP'),
  publishesOut: total('publishes_sent', 'PUBLISH packets sent to subscribers'),
  payloadBytesIn: total('payload_received_bytes', 'Payload bytes of the messages published'),
  payloadBytesOut: total('payload_sent_bytes', 'Payload bytes of the PUBLISH packets sent'),
  publisherPauses: total(
    'publisher_pauses',
    'Times that a client was not read for a while because it published too fast',
  ),
  publisherPausedMs: total(
    'publisher_paused_seconds',
    'How long clients were not read because they published too fast',
    1_000,
  ),
  publishesRefused: total('publishes_refused', 'Messages of clients that were refused'),
  willsPublished: total('wills_published', 'Wills published'),
  sessionsExpired: total('sessions_expired', 'Sessions that ended because their client stayed away'),
  takeovers: total('takeovers', 'Connections ended because their client id connected again'),
  keepAliveTimeouts: total('keep_alive_timeouts', 'Connections ended because nothing came from them'),
  bans: level('bans', 'Bans that hold now'),
  sessions: level('sessions', 'Sessions, connected or not'),
  subscriptions: level('subscriptions', 'Subscriptions of all sessions'),
  sharedSubscriptions: level('shared_subscriptions', 'Of these, shared ones: members of all groups'),
  sharedGroups: level('shared_groups', 'Groups of clients that share a subscription'),
  retained: level('retained_messages', 'Retained messages'),
};

/** Why a message was not handed on, for the reference. */
export const dropReasons: Readonly<Record<DropReason, string>> = {
  slow_consumer: 'QoS 0, and more than `mqtt.outputBytesMax` wait for the subscriber',
  offline_qos0: 'QoS 0, and the subscriber is away',
  session_full: 'the session is at `mqtt.sessionMessagesMax` or `mqtt.sessionBytesMax`',
  expired: 'its Message Expiry Interval ran out while it waited',
  packet_too_large: "larger than the subscriber's Maximum Packet Size",
  session_ended: 'it waited in a session that ended',
  retained_full: 'not retained: `mqtt.retainedMessagesMax` is reached, or storage is behind',
  retained_expired: 'a retained message whose Message Expiry Interval ran out',
};

export const brokerTable: readonly MetricRow[] = [
  ...Object.entries(rows).map(([key, { name, type, help, scale = 1 }]): MetricRow => {
    const count = key as keyof typeof rows;
    const read: MetricRow['read'] = ({ platform }) => [{ labels: {}, value: platform.broker[count] / scale }];
    return { name, type, help, labels: [], read };
  }),
  {
    name: 'sluice_broker_dropped_total',
    type: 'counter',
    help: 'Messages that were not handed on to a subscriber, or not retained, by reason',
    labels: ['reason'],
    read: ({ platform }) =>
      Object.entries(platform.broker.dropped).map(([reason, value]) => ({ labels: { reason }, value })),
  },
];

function level(name: string, help: string): BrokerRow {
  return { name: `sluice_broker_${name}`, type: 'gauge', help };
}

function total(name: string, help: string, scale = 1): BrokerRow {
  return { name: `sluice_broker_${name}_total`, type: 'counter', help, scale };
}
