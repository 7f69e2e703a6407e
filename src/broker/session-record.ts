import { decodeMessage, encodeMessage, type Message, type QoS } from '../message.ts';
import type { PublishProperties, Will } from '../mqtt/codec/packets.ts';
import { Outgoing } from './outgoing.ts';
import { Publication } from './publication.ts';
import { type QueueRequest, Session, type Subscription } from './session.ts';

/*
 * A message that a session owes, all numbers big-endian:
 *
 *   0       1                3
 *   +-------+----------------+-------------------------------+-------------------+------------------------------------------+
 *   | flags | identifiers u16| subscription identifiers, u32 | [group len| group]| record of the message, or its body's u48 |
 *   |       |                |                               | [u16      | utf-8]|                                          |
 *   +-------+----------------+-------------------------------+-------------------+------------------------------------------+
 *
 * flags: bits 0-1 QoS of the delivery, bit 2 retain flag of the delivery, bit 3 the number of a body that several sessions
 * share stands in place of the record. Where bit 4 is set the row is this one byte: a packet id that PUBREL has yet to
 * free; with bit 5 too the client got its message under a lease. Bit 6 says that the filter of a shared subscription follows.
 */
const sharedBody = 0x08;
const packetIdAlone = 0x10;
const leased = 0x20;
const groupFollows = 0x40;

export const releasedRow = Buffer.from([2 | packetIdAlone]);
export const leasedRow = Buffer.from([2 | packetIdAlone | leased]);

export function encodeOwed(outgoing: Outgoing): Buffer {
  const headBytes = headBytesOf(outgoing);
  return writeHead(encodeMessage(outgoing.publication, headBytes), outgoing, 0);
}

/** As `encodeOwed`, for a message whose body is stored once for several sessions. */
export function encodeOwedShared(outgoing: Outgoing, body: number): Buffer {
  const headBytes = headBytesOf(outgoing);
  const record = writeHead(Buffer.allocUnsafe(headBytes + 6), outgoing, sharedBody);
  record.writeUIntBE(body, headBytes, 6);
  return record;
}

export interface OwedRecord {
  readonly outgoing: Outgoing;
  /** 0 where the message has no body of its own. */
  readonly body: number;
  /** Its packet id alone is kept, and the client got the message under a lease. */
  readonly isLease: boolean;
}

/** `bodyOf` finds a body that is shared. */
export function decodeOwed(record: Buffer, bodyOf: (number: number) => Message): OwedRecord {
  const flags = record[0];
  if ((flags & packetIdAlone) !== 0)
    return { outgoing: Outgoing.releasing(), body: 0, isLease: (flags & leased) !== 0 };
  const count = record.readUInt16BE(1);
  const headBytes = headEndOf(record);
  const group = isOfGroup(record) ? record.toString('utf8', 5 + 4 * count, headBytes) : undefined;
  const body = sharedBodyOf(record);
  const m = body === 0 ? decodeMessage(record, headBytes) : bodyOf(body);
  const identifiers = Array.from({ length: count }, (_, i) => record.readUInt32BE(3 + 4 * i));
  const properties: PublishProperties | undefined =
    count === 0 ? undefined : { ...m.properties, subscriptionIdentifiers: identifiers };
  const publication = Publication.stored(m);
  const outgoing = new Outgoing(publication, (flags & 0x03) as QoS, (flags & 0x04) !== 0, properties, undefined, group);
  return { outgoing, body, isLease: false };
}

/** The body that a row names; 0 where it names none. */
export function sharedBodyOf(record: Buffer): number {
  if ((record[0] & sharedBody) === 0) return 0;
  return record.readUIntBE(headEndOf(record), 6);
}

/** Whether the message came through a shared subscription. */
export function isOfGroup(record: Buffer): boolean {
  return (record[0] & groupFollows) !== 0;
}

function headEndOf(record: Buffer): number {
  const end = 3 + 4 * record.readUInt16BE(1);
  return isOfGroup(record) ? end + 2 + record.readUInt16BE(end) : end;
}

function headBytesOf({ properties, group }: Outgoing): number {
  const bytes = 3 + 4 * (properties?.subscriptionIdentifiers?.length ?? 0);
  return group === undefined ? bytes : bytes + 2 + Buffer.byteLength(group);
}

function writeHead(record: Buffer, outgoing: Outgoing, flags: number): Buffer {
  const identifiers = outgoing.properties?.subscriptionIdentifiers ?? [];
  const { group } = outgoing;
  record[0] = outgoing.qos | (outgoing.retain ? 0x04 : 0) | (group === undefined ? 0 : groupFollows) | flags;
  record.writeUInt16BE(identifiers.length, 1);
  for (let i = 0; i < identifiers.length; i++) record.writeUInt32BE(identifiers[i], 3 + 4 * i);
  if (group !== undefined) {
    const at = 3 + 4 * identifiers.length;
    record.writeUInt16BE(record.write(group, at + 2), at);
  }
  return record;
}

type StoredSubscription = Omit<Subscription, 'session'>;

interface SessionRow {
  readonly clientId: string;
  readonly owner: string;
  /** Seconds. */
  readonly expiryInterval: number;
  /** Epoch milliseconds; null while connected. */
  readonly endedAt: number | null;
  /** See `StoredLine`; null while connected. */
  readonly sentThrough: number | null;
  readonly subscriptions: readonly StoredSubscription[];
  readonly queues: readonly Omit<QueueRequest, 'session'>[];
  readonly will: StoredWill | null;
  /** Of a will that is to be retained. */
  readonly willSource?: string;
}

/** Payload and correlation data as base64. */
type StoredWill = Omit<Will, 'payload' | 'properties'> & {
  readonly payload: string;
  readonly properties: (Omit<NonNullable<Will['properties']>, 'correlationData'> & { correlationData?: string }) | null;
};

export function encodeSession(session: Session): Buffer {
  const row: SessionRow = {
    clientId: session.clientId,
    owner: session.owner,
    expiryInterval: session.expiryInterval,
    endedAt: session.endedAt ?? null,
    sentThrough: session.endedAt === undefined ? null : (session.stored?.sentThrough ?? 0),
    subscriptions: [...session.subscriptions.values()].map(stored),
    queues: [...session.queueRequests.values()].map(stored),
    will: session.will === undefined ? null : storedWill(session.will),
    ...(session.will !== undefined && session.willSource !== undefined && { willSource: session.willSource }),
  };
  return Buffer.from(JSON.stringify(row));
}

/** Where a session stands on disk. */
export interface Position {
  /** The highest sequence that may have been given out. */
  readonly lastSequence: number;
  readonly messages: number;
  /** Of these, see `StoredLine`. */
  readonly shared: number;
  readonly bytes: number;
}

/** A session that was connected when the process ended counts as left at `now`. */
export function decodeSession(record: Buffer, position: Position, now: number): Session {
  const row = JSON.parse(record.toString()) as SessionRow;
  const session = new Session(row.clientId, row.owner, row.expiryInterval);
  session.endedAt = row.endedAt ?? now;
  session.will = row.will === null ? undefined : restoredWill(row.will);
  session.willSource = row.willSource;
  for (const subscription of row.subscriptions) session.subscribe({ ...subscription, session });
  for (const queue of row.queues) session.keepQueueRequest({ ...queue, session });
  session.continueFrom(position.lastSequence);
  const line = session.keep();
  line.messages = position.messages;
  line.shared = position.shared;
  line.bytes = position.bytes;
  line.leave(row.sentThrough ?? position.lastSequence, 0);
  return session;
}

export function encodePosition(position: Position): Buffer {
  const record = Buffer.allocUnsafe(20);
  record.writeUIntBE(position.lastSequence, 0, 6);
  record.writeUInt32BE(position.messages, 6);
  record.writeUIntBE(position.bytes, 10, 6);
  record.writeUInt32BE(position.shared, 16);
  return record;
}

export function decodePosition(record: Buffer | undefined): Position {
  if (record === undefined) return { lastSequence: 0, messages: 0, shared: 0, bytes: 0 };
  return {
    lastSequence: record.readUIntBE(0, 6),
    messages: record.readUInt32BE(6),
    bytes: record.readUIntBE(10, 6),
    shared: record.readUInt32BE(16),
  };
}

/** Stands in place of a session that has ended while its rows are being removed: a restart goes on with it. */
export function encodeEnded(sentThrough: number): Buffer {
  return Buffer.from(JSON.stringify(sentThrough));
}

/** Up to where it was sent what it owed; undefined for a session that has not ended. */
export function decodeEnded(record: Buffer): number | undefined {
  return record[0] === openingBrace ? undefined : (JSON.parse(record.toString()) as number);
}

const openingBrace = 0x7b;

function stored<T extends Subscription>({ session: _, ...subscription }: T): Omit<T, 'session'> {
  return subscription;
}

function storedWill({ properties, payload, ...will }: Will): StoredWill {
  const { correlationData, ...plain } = properties ?? {};
  return {
    ...will,
    payload: payload.toString('base64'),
    properties:
      properties === undefined
        ? null
        : { ...plain, ...(correlationData ? { correlationData: correlationData.toString('base64') } : {}) },
  };
}

function restoredWill({ properties, payload, ...will }: StoredWill): Will {
  const { correlationData, ...plain } = properties ?? {};
  return {
    ...will,
    payload: Buffer.from(payload, 'base64'),
    properties:
      properties === null
        ? undefined
        : { ...plain, ...(correlationData ? { correlationData: Buffer.from(correlationData, 'base64') } : {}) },
  };
}
