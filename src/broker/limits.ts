/** Every bound that a client can run into, with what happens there. Defaults stand in the configuration. */
export interface BrokerLimits {
  /** Whole packet, as advertised in CONNACK; a larger one ends the connection with 0x95. */
  readonly packetBytesMax: number;
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
  /** A longer Session Expiry Interval is cut to this, and the client told. */
  readonly sessionExpirySecondsMax: number;
  /** Sessions at once, connected or not; beyond it CONNECT is refused with 0x97. */
  readonly sessionsMax: number;
  /** Beyond it SUBSCRIBE is refused with 0x97. */
  readonly subscriptionsPerClientMax: number;
  /** Retained messages; beyond it a new topic is not retained, counted, and the publisher told 0x97. */
  readonly retainedMessagesMax: number;
  /** What the retained messages may take in memory together, in bytes; beyond it the same. */
  readonly retainedBytesMax: number;
  /** Topic aliases that a client may set; advertised, beyond it 0x94. */
  readonly topicAliasMax: number;
}

/** What a connection may send before its CONNECT was accepted. */
export const connectPacketBytesMax = 256 * 1024;
