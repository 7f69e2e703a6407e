import { deviceTopic } from '../../access/device-topics.ts';
import { PacketType, type UnsubscribePacket } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';
import { checkFilterForm } from '../filter-form.ts';

/** Messages on their way to the client stay owed [MQTT-3.10.4-3]; what is leased from a queue goes back at once. */
export function handleUnsubscribe(connection: Connection, packet: UnsubscribePacket): void {
  for (const filter of packet.filters) checkFilterForm(filter);
  const reasonCodes = packet.filters.map((filter) => unsubscribeOne(connection, filter));
  if (connection.session.persistent) connection.context.sessionLog.changed(connection.session);
  connection.send({
    type: PacketType.unsuback,
    packetId: packet.packetId,
    reasonCodes: connection.version === 5 ? reasonCodes : [],
    properties: undefined,
  });
}

function unsubscribeOne(connection: Connection, asked: string): number {
  const { session, context } = connection;
  const queue = connection.queueSubscriptions.get(asked);
  if (queue !== undefined) {
    queue.stop();
    connection.queueSubscriptions.delete(asked);
    session.queueRequests.delete(asked);
    return 0;
  }
  const filter = deviceTopic(connection.identity, asked);
  const subscription = session.subscriptions.get(filter);
  if (subscription === undefined) return 0x11;
  session.subscriptions.delete(filter);
  context.router.unsubscribe(subscription);
  return 0;
}
