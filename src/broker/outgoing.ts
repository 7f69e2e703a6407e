import type { Delivery, QoS, Settlement } from '../message.ts';
import type { PublishProperties } from '../mqtt/codec/packets.ts';
import { Publication } from './publication.ts';
import type { StoredRow } from './stored-row.ts';

/** A QoS 1 or 2 message that a session owes to its client: waiting, then sent under a packet id until it is acknowledged. */
export class Outgoing {
  readonly publication: Publication;
  /** About what it takes in memory, also where the publication is not kept. */
  readonly bytes: number;
  readonly qos: QoS;
  readonly retain: boolean;
  /** The publication's own properties, or these where the subscription or the queue adds some. */
  readonly properties: PublishProperties | undefined;
  /** Set where the message is leased from a queue; settled by the client's acknowledgement. */
  readonly delivery: Delivery | undefined;
  /** The filter of the shared subscription that it came through: another member of that group may take it over. */
  readonly group: string | undefined;
  /** Set where it is on disk. */
  row: StoredRow | undefined;
  /** Its place in the session; 0 where it gets one only when it is sent. */
  sequence = 0;
  /** 0 while it waits. */
  packetId = 0;
  /** Whether the client may have it from an earlier connection. */
  dup = false;
  /** QoS 2: PUBREC has come, PUBREL is out or on its way. */
  released = false;

  constructor(
    publication: Publication,
    qos: QoS,
    retain: boolean,
    properties: PublishProperties | undefined,
    delivery: Delivery | undefined,
    group?: string,
    bytes = publication.size,
  ) {
    this.publication = publication;
    this.bytes = bytes;
    this.qos = qos;
    this.retain = retain;
    this.properties = properties;
    this.delivery = delivery;
    this.group = group;
  }

  /** A message of QoS 1 that its queue has for another try: once it is sent nobody looks at it here. */
  static leased(delivery: Delivery, bytes: number): Outgoing {
    return new Outgoing(nothing, 1, false, undefined, delivery, undefined, bytes);
  }

  /** A packet id of a QoS 2 message that is left of an earlier connection: PUBREL frees it. */
  static releasing(): Outgoing {
    const outgoing = new Outgoing(nothing, 2, false, undefined, undefined);
    outgoing.released = true;
    return outgoing;
  }

  /** Whether it was sent to the client, on this connection or maybe on an earlier one. */
  get isSent(): boolean {
    return this.packetId > 0 || this.dup;
  }

  /** The client has the message, or will never have it: whoever kept it need not any more. */
  settle(settlement: Settlement): void {
    this.delivery?.settle(settlement);
    this.row?.forget();
  }
}

const nothing = new Publication('', Buffer.alloc(0), 2, false, undefined, 0, '', true);
