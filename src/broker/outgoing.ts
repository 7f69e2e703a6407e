import type { Delivery, QoS, Settlement } from '../message.ts';
import type { PublishProperties } from '../mqtt/codec/packets.ts';
import type { Publication } from './publication.ts';
import type { StoredRow } from './stored-row.ts';

/** A QoS 1 or 2 message that a session owes to its client: waiting, then sent under a packet id until it is acknowledged. */
export class Outgoing {
  readonly publication: Publication;
  readonly qos: QoS;
  readonly retain: boolean;
  /** The publication's own properties, or these where the subscription or the queue adds some. */
  readonly properties: PublishProperties | undefined;
  /** Set where the message is leased from a queue; settled by the client's acknowledgement. */
  readonly delivery: Delivery | undefined;
  /** Set where the session outlives the process. */
  row: StoredRow | undefined;
  /** 0 while it waits. */
  packetId = 0;
  /** QoS 2: PUBREC has come, PUBREL is out. */
  released = false;

  constructor(
    publication: Publication,
    qos: QoS,
    retain: boolean,
    properties: PublishProperties | undefined,
    delivery: Delivery | undefined,
  ) {
    this.publication = publication;
    this.qos = qos;
    this.retain = retain;
    this.properties = properties;
    this.delivery = delivery;
  }

  /** The client has the message, or will never have it: whoever kept it need not any more. */
  settle(settlement: Settlement): void {
    this.delivery?.settle(settlement);
    this.row?.forget();
  }
}
