import { PacketType, type UnsubscribePacket } from '../../mqtt/codec/packets.ts';
import { isSharedFilter } from '../../mqtt/topics/names.ts';
import type { Connection } from '../connection.ts';
import { checkFilterForm } from '../filter-form.ts';
import { closeQueue } from '../open-queue.ts';
import { ownFilter } from '../own-filter.ts';

/**
 * Messages on their way to the client stay owed [MQTT-3.10.4-3]; what is leased from a queue goes back at once, and what a
 * group has waiting here goes to its other members. A kept session is on disk without the subscriptions before it is told.
 */
export function handleUnsubscribe(connection: Connection, packet: UnsubscribePacket): void | Promise<void> {
  const { session, context } = connection;
  for (const filter of packet.filters) checkFilterForm(filter);
  const reasonCodes = packet.filters.map((filter) => unsubscribeOne(connection, filter));
  if (packet.filters.some(isSharedFilter)) context.router.groups.handOnWaiting(session);
  if (!session.persistent) {
    finish(connection, packet, reasonCodes);
    return;
  }
  context.sessionLog.changed(session);
  return context.sessionLog.flushed().then(() => finish(connection, packet, reasonCodes));
}

function finish(connection: Connection, packet: UnsubscribePacket, reasonCodes: readonly number[]): void {
  if (connection.phase !== 'connected') return;
  connection.send({
    type: PacketType.unsuback,
    packetId: packet.packetId,
    reasonCodes: connection.version === 5 ? reasonCodes : [],
    properties: undefined,
  });
}

function unsubscribeOne(connection: Connection, asked: string): number {
  const { session, context } = connection;
  if (closeQueue(connection, asked)) return 0;
  const filter = ownFilter(connection.identity, asked);
  const subscription = session.subscriptions.get(filter);
  if (subscription === undefined) return 0x11;
  session.unsubscribe(filter);
  context.router.unsubscribe(subscription);
  return 0;
}
