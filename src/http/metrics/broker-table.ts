import type { DropReason, PauseCause, ReasonCounts } from '../../broker/counters.ts';
import type { Sample } from '../../queues/queue-numbers.ts';
import type { NumberMetric } from './metric-row.ts';
import type { BrokerNumbers } from './platform-metrics.ts';

type CountName = keyof BrokerNumbers;

interface BrokerRow extends Omit<NumberMetric, 'read'> {
  readonly samples: (count: never) => Sample[];
}

/** One row for everything that the broker counts: what has none does not compile. */
const rows: { readonly [K in CountName]: BrokerRow & { readonly samples: (count: BrokerNumbers[K]) => Sample[] } } = {
  connections: level('connections', 'Open MQTT connections'),
  connectionsTotal: total('connections_accepted', 'MQTT connections accepted'),
  connectionsRefused: total(
    'connections_refused',
    'MQTT connections closed at once because of `mqtt.connectionsPerAddressMax`',
  ),
  connectRefused: byCode('connects_refused', 'CONNECT packets refused, by reason code of MQTT 5'),
  connectBanned: total('connects_banned', 'CONNECT packets refused because of a ban'),
  connectRateExceeded: total(
    'connects_rate_exceeded',
    'CONNECT packets refused because of `mqtt.connectRateMax` or `mqtt.connectRatePerAddressMax`',
  ),
  bansMade: total('bans_made', 'Bans'),
  clients: level('clients', 'Connected clients'),
  claimants: level('claimants', 'Connections of devices that register themselves by a claim key'),
  clientsMax: level('clients_max', 'Clients that were connected at the same time, at most'),
  connectsIn: total('connects_received', 'CONNECT packets received'),
  disconnects: byCode('disconnects', 'Connections that the server ended, by reason code of MQTT 5'),
  subscribesRefused: byCode('subscribes_refused', 'Topic filters refused in SUBACK, by reason code of MQTT 5'),
  bytesIn: total('received_bytes', 'Bytes received over MQTT'),
  bytesOut: total('sent_bytes', 'Bytes sent over MQTT'),
  packetsIn: total('packets_received', 'Packets of every type received'),
  answersOut: total('answers_sent', 'Packets of every type but PUBLISH sent'),
  packetsMalformed: total('packets_malformed', 'Packets that broke the protocol and ended their connection'),
  publishesIn: total('publishes_received', 'Messages published, by clients, wills and over HTTP'),
  publishesOut: total('publishes_sent', 'PUBLISH packets sent to subscribers'),
  payloadBytesIn: total('payload_received_bytes', 'Payload bytes of the messages published'),
  payloadBytesOut: total('payload_sent_bytes', 'Payload bytes of the PUBLISH packets sent'),
  pauses: byReason('pauses', 'Times that a client was not read for a while, by cause'),
  publisherPausedMs: total(
    'publisher_paused_seconds',
    'How long clients were not read because of a publish rate',
    1_000,
  ),
  publishesRefused: total('publishes_refused', 'Messages of clients that were refused'),
  willsPublished: total('wills_published', 'Wills published'),
  sessionsExpired: total('sessions_expired', 'Sessions that ended because their client stayed away'),
  takeovers: total('takeovers', 'Connections ended because their client id connected again'),
  keepAliveTimeouts: total('keep_alive_timeouts', 'Connections ended because nothing came from them'),
  rightsLost: total('rights_lost', 'Connections ended because what they came in with expired or changed'),
  dropped: byReason('dropped', 'Messages that were not handed on to a subscriber, or not retained, by reason'),
  bans: level('bans', 'Bans that hold now'),
  sessions: level('sessions', 'Sessions, connected or not'),
  subscriptions: level('subscriptions', 'Subscriptions of all sessions'),
  sharedSubscriptions: level('shared_subscriptions', 'Of these, shared ones: members of all groups'),
  sharedGroups: level('shared_groups', 'Groups of clients that share a subscription'),
  retained: level('retained_messages', 'Retained messages'),
  loweredSubscriptions: level(
    'lowered_subscriptions',
    'Subscriptions of kept sessions that the last start gave a lower QoS, since `mqtt.qosMax` is lower than what they were granted',
  ),
};

/** Why a message was not handed on, for the reference. */
export const dropReasons: Readonly<Record<DropReason, string>> = {
  slow_consumer: 'QoS 0, and more than `mqtt.outputBytesMax` wait for the subscriber',
  offline_qos0: 'QoS 0, and the subscriber is away',
  session_full: 'the session is at `mqtt.sessionMessagesMax` or `mqtt.sessionBytesMax`',
  expired: 'its Message Expiry Interval ran out while it waited',
  packet_too_large: "larger than the client's Maximum Packet Size",
  session_ended: 'it waited in a session that ended',
  not_allowed:
    'it waited in a kept session whose client may not read its topic any more, and no other member of a group could have it',
  retained_expired: 'a retained message whose Message Expiry Interval ran out',
  retained_source:
    'a retained message whose publisher may not publish to its topic any more, each time that it greets nobody for it',
  retained_full: 'not retained: `mqtt.retainedMessagesMax` is reached',
};

/** Why a client was not read, for the reference. */
export const pauseCauses: Readonly<Record<PauseCause, string>> = {
  publish_rate: 'it published faster than `mqtt.publishRateMax` and its kin let it',
  extension_rate: 'it speaks MQTT 3.1.1 and asks to extend leases more often than it may',
  receipts: 'it speaks MQTT 3.1.1 and has `mqtt.receiveMaximum` messages unacknowledged',
  congested_subscriber: 'a subscriber of its messages does not read as fast, for at most a second',
  blocked_queue: 'a queue that blocks its publishers is full, until it has room',
  device_rate: 'its device, or the devices of its type, came faster than the rates of the device type let them',
  output_full: 'it does not take the answers to what it sends: more than `mqtt.outputBytesMax` wait for it',
};

export const brokerTable: readonly NumberMetric[] = (Object.keys(rows) as CountName[]).map((count) => {
  const { samples, ...row } = rows[count];
  return { ...row, read: ({ platform }) => samples(platform.broker[count] as never) };
});

function level(name: string, help: string) {
  return { name: `sluice_broker_${name}`, type: 'gauge', help, labels: [], samples: single(1) } as const;
}

/** `scale`: how many of what is counted make one unit of the metric. */
function total(name: string, help: string, scale = 1) {
  return { name: `sluice_broker_${name}_total`, type: 'counter', help, labels: [], samples: single(scale) } as const;
}

function single(scale: number) {
  return (count: number): Sample[] => [{ labels: {}, value: count / scale }];
}

function byReason(name: string, help: string) {
  const samples = (counts: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(counts).map(([reason, value]) => ({ labels: { reason }, value }));
  return { name: `sluice_broker_${name}_total`, type: 'counter', help, labels: ['reason'], samples } as const;
}

function byCode(name: string, help: string) {
  const samples = (counts: ReasonCounts): Sample[] =>
    [...counts].map(([code, value]) => ({ labels: { reason_code: `0x${code.toString(16)}` }, value }));
  return { name: `sluice_broker_${name}_total`, type: 'counter', help, labels: ['reason_code'], samples } as const;
}
