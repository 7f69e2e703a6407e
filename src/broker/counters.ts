/** Totals since the start, and levels, as plain numbers that the metrics read when they are asked. */
export class BrokerCounters {
  connections = 0;
  connectionsTotal = 0;
  /** Connections whose CONNECT was accepted, now and at most. */
  clients = 0;
  clientsMax = 0;
  /** CONNECT packets. */
  connectsIn = 0;
  /** Connections closed at once because their address has enough of them. */
  connectionsRefused = 0;
  /** Refused CONNECT packets, connections that the server ended and refused filters, by the reason code of MQTT 5. */
  readonly connectRefused: ReasonCounts = new Map();
  readonly disconnects: ReasonCounts = new Map();
  readonly subscribesRefused: ReasonCounts = new Map();
  /** Refused CONNECT packets that were banned. */
  connectBanned = 0;
  /** Refused CONNECT packets beyond the rates. */
  connectRateExceeded = 0;
  bansMade = 0;
  rightsLost = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** Packets of every type. */
  packetsIn = 0;
  /** Packets of every type but PUBLISH. */
  answersOut = 0;
  packetsMalformed = 0;
  publishesIn = 0;
  publishesOut = 0;
  /** Times that a client was not read for a while, by cause. */
  readonly pauses = {
    publish_rate: 0,
    receipts: 0,
    congested_subscriber: 0,
    output_full: 0,
    blocked_queue: 0,
    device_rate: 0,
    extension_rate: 0,
  };
  /** Milliseconds that clients were not read because they published faster than they may. */
  publisherPausedMs = 0;
  publishesRefused = 0;
  payloadBytesIn = 0;
  payloadBytesOut = 0;
  willsPublished = 0;
  sessionsExpired = 0;
  takeovers = 0;
  keepAliveTimeouts = 0;
  /** Messages that were not handed on, by reason. */
  readonly dropped = {
    slow_consumer: 0,
    offline_qos0: 0,
    session_full: 0,
    expired: 0,
    packet_too_large: 0,
    session_ended: 0,
    not_allowed: 0,
    retained_full: 0,
    retained_expired: 0,
    retained_source: 0,
  };
}

export type PauseCause = keyof BrokerCounters['pauses'];
export type ReasonCounts = Map<number, number>;

export function countReason(counts: ReasonCounts, reasonCode: number): void {
  counts.set(reasonCode, (counts.get(reasonCode) ?? 0) + 1);
}

export type DropReason = keyof BrokerCounters['dropped'];
