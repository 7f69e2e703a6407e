/** Every bound of the pipeline. */
export const pipelineLimits = {
  /** Messages of inline device types in work, with their bytes; beyond either one is refused with `quota_exceeded`. */
  inlineMessagesMax: 10_000,
  inlineBytesMax: 64 * 1024 * 1024,
  /** Deliveries of the ingest queue in work: the credit to consume with. What comes above it is given back. */
  queuedMessagesMax: 2_000,
  /**
   * Messages of one decode call and one transaction. Twice as many bring little more throughput and twice the latency.
   */
  batchMessagesMax: 500,
  /** Batches of one lane that are decoded or stored at the same time: one decodes while the other one is flushed. */
  batchesInWorkMax: 2,
  /** So long a message of the queue waits at most for others to be accepted before it is processed. */
  holdMsMax: 50,
  /** Devices kept in memory, about 1 KiB each. The ones that came first go first. */
  devicesCachedMax: 100_000,
  /**
   * After this long a device is looked up again, in case it was changed by another way than this pipeline: behind the first message
   * that comes then, which goes by what is known,
   */
  deviceAgeMsMax: 60_000,
  /** unless that is older than this: then the message waits. */
  deviceStaleMsMax: 15 * 60_000,
  /** Devices that are looked up again at the same time, */
  devicesRefreshedAtOnceMax: 250,
  /** and how long none is where one of them could not be looked up. */
  refreshPauseMs: 10_000,
  /** The same for a device that does not exist. Short: it may be about to be registered. */
  unknownDeviceAgeMsMax: 2_000,
  /** Firmware versions that were seen and wait to be written; beyond it the next message of the device has to do it. */
  firmwareUpdatesMax: 10_000,
  /** At least this long passes between two writes of a device's firmware version: a flush each would hold up the readings. */
  firmwareIntervalMsMin: 10_000,
  /** A message that came in longer ago says nothing of the firmware that a device has now. */
  firmwareAgeMsMax: 60_000,
  /** Devices whose coming and going one commit has, */
  presenceRowsMax: 2_000,
  /** and how long after one write of them the next begins: who came back meanwhile was not away. */
  presenceIntervalMsMin: 1_000,
  /** Worker processes at a time. Each has `queuedMessagesMax` deliveries in work at most, and about so many bytes of payload. */
  workersMax: 64,
  workerBytesMax: 16 * 1024 * 1024,
  /** Batches of one worker under way at the same time: two on their way there and back, one decoded, one stored. */
  workerBatchesInWorkMax: 4,
  /**
   * A batch of a worker begins with so many messages, and never has more while another worker is there, so that what one has is little
   * of what all could have. It halves to the lower number where an answer takes longer than this, and grows where it takes half.
   */
  workerSharedBatchMessagesMax: 64,
  workerBatchMessagesMin: 4,
  workerBatchMsMax: 1_000,
  /** How long a worker may take for a batch. Half of what its messages are leased for, so that they do not go elsewhere meanwhile. */
  workerAnswerMsMax: 30_000,
  /**
   * Ways that are `auto` go by the queue once the inline lane is filled by more than this share, or its last batch took longer
   * than this; and inline again once the lane is below the lower share and the queue was empty for a while.
   */
  autoLoadHigh: 0.5,
  autoLoadLow: 0.1,
  autoLatencyMsMax: 500,
  autoCalmMsMin: 1_000,
  /** How often the queue is looked at meanwhile. */
  autoLookMs: 250,
  /** Compressed payloads that wait their turn, with their bytes; beyond either one is refused with `quota_exceeded`. */
  unpackMessagesMax: 1_000,
  unpackBytesMax: 16 * 1024 * 1024,
  /** What one payload may become: a few bytes can stand for very many. */
  unpackedPayloadBytesMax: 1024 * 1024,
  /** A CloudEvent in structured mode over MQTT: it is parsed on the main thread, beside everybody's messages. */
  structuredEventBytesMax: 64 * 1024,
  /** What a gateway sends for its devices in one message, parsed there too. */
  gatewayBytesMax: 64 * 1024,
  gatewayDevicesMax: 1_000,
  /** Devices that one gateway may be registering at a time, as many as one client has on their way; one more is refused with `quota_exceeded`. */
  gatewayConnectsMax: 1_000,
  /** Requests that wait for the result of a message in the queue; one more is answered as soon as its message is safe. */
  resultWaitersMax: 5_000,
  /** Of which one client may have so many: a batch of the most messages, and not the places of everybody. */
  resultWaitersPerClientMax: 1_000,
  /** Old schemas of one device type that messages name, each kept with the current ones beside it. The ones that came first go first. */
  schemaSetsPerTypeMax: 100,
  /** The same of all device types together, as JSON with the current ones: a device type may have very long ones. */
  schemaSetBytesMax: 16 * 1024 * 1024,
  /** Messages of one rehearsal. */
  rehearsalMessagesMax: 100,
};

export type PipelineLimits = typeof pipelineLimits;
