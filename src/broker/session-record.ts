import { randomInt } from 'node:crypto';
import { decodeMessage, encodeMessage, type QoS } from '../message.ts';
import type { PublishProperties } from '../mqtt/codec/packets.ts';
import { Outgoing } from './outgoing.ts';
import { Publication } from './publication.ts';
import { Session, type Subscription } from './session.ts';

/*
 * A message that a session owes, all numbers big-endian:
 *
 *   0       1                3
 *   +-------+----------------+-------------------------------+-------------------------+
 *   | flags | identifiers u16| subscription identifiers, u32 | record of the message   |
 *   +-------+----------------+-------------------------------+-------------------------+
 *
 * flags: bits 0-1 QoS of the delivery, bit 2 retain flag of the delivery.
 */
export function encodeOwed(outgoing: Outgoing): Buffer {
  const identifiers = outgoing.properties?.subscriptionIdentifiers ?? [];
  const headBytes = 3 + 4 * identifiers.length;
  const record = encodeMessage(outgoing.publication, headBytes);
  record[0] = outgoing.qos | (outgoing.retain ? 0x04 : 0);
  record.writeUInt16BE(identifiers.length, 1);
  for (let i = 0; i < identifiers.length; i++) record.writeUInt32BE(identifiers[i], 3 + 4 * i);
  return record;
}

export function decodeOwed(record: Buffer): Outgoing {
  const count = record.readUInt16BE(1);
  const m = decodeMessage(record, 3 + 4 * count);
  const identifiers = Array.from({ length: count }, (_, i) => record.readUInt32BE(3 + 4 * i));
  const properties: PublishProperties | undefined =
    count === 0 ? undefined : { ...m.properties, subscriptionIdentifiers: identifiers };
  const publication = new Publication(
    m.topic,
    m.payload,
    m.qos,
    m.retain,
    m.properties,
    m.receivedAt,
    m.publisher,
    true,
  );
  return new Outgoing(publication, (record[0] & 0x03) as QoS, (record[0] & 0x04) !== 0, properties, undefined);
}

type StoredSubscription = Omit<Subscription, 'session'>;

interface SessionRow {
  readonly clientId: string;
  readonly owner: string;
  /** Seconds. */
  readonly expiryInterval: number;
  /** Epoch milliseconds; null while connected. */
  readonly endedAt: number | null;
  readonly subscriptions: readonly StoredSubscription[];
  readonly queues: readonly StoredSubscription[];
}

export function encodeSession(session: Session): Buffer {
  const row: SessionRow = {
    clientId: session.clientId,
    owner: session.owner,
    expiryInterval: session.expiryInterval,
    endedAt: session.endedAt ?? null,
    subscriptions: [...session.subscriptions.values()].map(stored),
    queues: [...session.queueRequests.values()].map(stored),
  };
  return Buffer.from(JSON.stringify(row));
}

/** A session that was connected when the process ended counts as left at `now`. */
export function decodeSession(record: Buffer, now: number): Session {
  const row = JSON.parse(record.toString()) as SessionRow;
  const session = new Session(row.clientId, row.owner, row.expiryInterval, randomInt(1, 0x10000));
  session.endedAt = row.endedAt ?? now;
  for (const subscription of row.subscriptions)
    session.subscriptions.set(subscription.filter, { ...subscription, session });
  for (const queue of row.queues) session.queueRequests.set(queue.filter, { ...queue, session });
  return session;
}

function stored({ session: _, ...subscription }: Subscription): StoredSubscription {
  return subscription;
}
