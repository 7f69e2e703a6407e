import type { Message, MessageProperties, QoS, UnwrappedMessage } from '../message.ts';
import { PublishFrame } from '../mqtt/codec/encode-publish.ts';
import type { ByteSink } from '../std/bytes.ts';

/** A message on its way through the broker: encoded once for all its subscribers, copied once for all that keep it. */
export class Publication implements UnwrappedMessage {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  properties: MessageProperties | undefined;
  readonly receivedAt: number;
  readonly publisher: string;
  /** Who it is by `Access.sourceOf`, of one to be retained. */
  source: string | undefined;
  /** How many sessions have it to store, and the number of the body that they share; 0 where there is none. */
  storedRows = 0;
  storedBody = 0;
  /** The payload lies in there: most messages are sent on from where they lie, and nobody asks for a view of it. */
  #bytes: Buffer;
  #start: number;
  #end: number;
  #frame: PublishFrame | undefined;
  #owned: boolean;

  constructor(
    topic: string,
    bytes: Buffer,
    qos: QoS,
    retain: boolean,
    properties: MessageProperties | undefined,
    receivedAt: number,
    publisher: string,
    owned = false,
    payloadStart = 0,
    payloadEnd = bytes.length,
  ) {
    this.topic = topic;
    this.#bytes = bytes;
    this.#start = payloadStart;
    this.#end = payloadEnd;
    this.qos = qos;
    this.retain = retain;
    this.properties = properties;
    this.receivedAt = receivedAt;
    this.publisher = publisher;
    this.#owned = owned;
  }

  get payload(): Buffer {
    if (this.payloadBytes < this.#bytes.length) {
      this.#bytes = this.#bytes.subarray(this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#bytes;
  }

  /** The length of the payload. */
  get payloadBytes(): number {
    return this.#end - this.#start;
  }

  copyPayload(target: Buffer, at: number): void {
    this.#bytes.copy(target, at, this.#start, this.#end);
  }

  writePayload(sink: ByteSink): void {
    if (this.#end > this.#start) sink.append(this.#bytes, this.#start, this.#end, this.#owned);
  }

  /** The encoding that subscribers share. Worth it from the second subscriber on. */
  frame(): PublishFrame {
    this.#frame ??= new PublishFrame(this.topic, this.payload, this.properties, this.#owned);
    return this.#frame;
  }

  /** Whether its bytes are nobody else's. */
  get isOwned(): boolean {
    return this.#owned;
  }

  /** About what it takes in memory, in bytes. */
  get size(): number {
    return this.payloadBytes + this.topic.length + propertiesBytes(this.properties) + overheadBytes;
  }

  /** Takes payload and correlation data out of the network buffer, which the next read writes over. To be called by whoever keeps the publication. */
  own(): this {
    if (!this.#owned) {
      this.#owned = true;
      this.#frame = undefined;
      this.#bytes = ownCopy(this.#bytes, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
      const correlationData = this.properties?.correlationData;
      if (correlationData !== undefined) {
        this.properties = { ...this.properties, correlationData: Buffer.from(correlationData) };
      }
    }
    return this;
  }

  /** A message read from disk, whose bytes belong to nobody else. */
  static stored(m: Message): Publication {
    return new Publication(m.topic, m.payload, m.qos, m.retain, m.properties, m.receivedAt, m.publisher, true);
  }

  static of(message: Message): Publication {
    if (message instanceof Publication) return message;
    const publication = new Publication(
      message.topic,
      message.payload,
      message.qos,
      message.retain,
      message.properties,
      message.receivedAt,
      message.publisher,
    );
    publication.source = message.source;
    return publication;
  }
}

function ownCopy(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}

const overheadBytes = 200;
/** A string of its own, its pair and their places. */
const userPropertyOverheadBytes = 100;

function propertiesBytes(properties: MessageProperties | undefined): number {
  if (properties === undefined) return 0;
  const { contentType = '', responseTopic = '', correlationData, userProperties = [] } = properties;
  let bytes = contentType.length + responseTopic.length + (correlationData?.length ?? 0) + overheadBytes;
  for (const [name, value] of userProperties) bytes += name.length + value.length + userPropertyOverheadBytes;
  return bytes;
}
