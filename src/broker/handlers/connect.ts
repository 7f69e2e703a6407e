import type { Identity } from '../../access/access.ts';
import { deviceTopic } from '../../access/device-topics.ts';
import { errorCatalogue, toSluiceError } from '../../errors.ts';
import { type ConnackProperties, type ConnectPacket, PacketType, type Will } from '../../mqtt/codec/packets.ts';
import { topicNameProblem } from '../../mqtt/topics/names.ts';
import { type Connection, reasonStringMax } from '../connection.ts';
import { openQueue } from '../open-queue.ts';
import type { Session } from '../session.ts';
import { TopicCache, type TopicRights } from '../topic-cache.ts';

/** Opens the session, once the client is known for who it is. What it sends meanwhile waits in the receiver. */
export async function handleConnect(connection: Connection, packet: ConnectPacket): Promise<void> {
  connection.phase = 'authenticating';
  connection.version = packet.version;
  const { admission } = connection.context;
  const unwelcome = admission.refusal(connection.transport.peer.remoteAddress, packet);
  if (unwelcome !== undefined) {
    // Whoever comes again and again must not fill the log: the ban itself was logged.
    refuse(connection, unwelcome[0], unwelcome[1], 'debug');
    return;
  }
  const refusal = refusalOf(connection, packet);
  if (refusal !== undefined) {
    refuse(connection, refusal[0], refusal[1]);
    return;
  }
  const clientId = packet.clientId === '' ? connection.context.newClientId() : packet.clientId;
  const { peer } = connection.transport;
  let identity: Identity;
  try {
    identity = await connection.context.access.authenticate({
      clientId,
      username: packet.username,
      password: packet.password,
      remoteAddress: peer.remoteAddress,
      certificate: peer.certificate,
      through: peer.listener.access,
    });
  } catch (problem) {
    const error = toSluiceError(problem);
    admission.loginFailed(peer.remoteAddress, packet.username, error.code);
    refuse(connection, errorCatalogue[error.code].mqtt, error.message);
    return;
  }
  if (connection.phase === 'authenticating') accept(connection, packet, clientId, identity);
}

type Refusal = readonly [reasonCode: number, reason: string];

function refusalOf(connection: Connection, packet: ConnectPacket): Refusal | undefined {
  const { context } = connection;
  if (packet.clientId === '' && packet.version === 4 && !packet.cleanStart) {
    return [0x85, 'An empty client id needs a clean session [MQTT-3.1.3-8]'];
  }
  if (packet.properties?.authenticationMethod !== undefined) {
    return [0x8c, `Authentication method "${packet.properties.authenticationMethod}" is not supported`];
  }
  if (context.sessions.isFull && context.sessions.get(packet.clientId) === undefined) {
    return [0x97, `The server holds ${context.limits.sessionsMax} sessions, the most it may`];
  }
  return undefined;
}

function refuse(connection: Connection, reasonCode: number, reason: string, level: 'debug' | 'info' = 'info'): void {
  if (connection.phase === 'closed') return;
  connection.context.counters.connectRefused++;
  connection.context.log[level]('Connection refused', {
    remoteAddress: connection.transport.peer.remoteAddress,
    reasonCode,
    reason,
  });
  const v5 = connection.version === 5;
  connection.send({
    type: PacketType.connack,
    sessionPresent: false,
    reasonCode: v5 ? connackReasonCode(reasonCode) : (returnCodes.get(reasonCode) ?? 0x03),
    properties: v5 ? { reasonString: reason.slice(0, reasonStringMax) } : undefined,
  });
  connection.leave();
  connection.transport.end();
}

/** CONNACK return codes of 3.1.1 by the reason code of MQTT 5; anything else is 3, server unavailable. */
const returnCodes = new Map([
  [0x84, 0x01],
  [0x85, 0x02],
  [0x86, 0x04],
  [0x87, 0x05],
  [0x8a, 0x05],
  [0x8c, 0x05],
]);

/** Reason codes of the catalogue that CONNACK may not carry become `unspecified error`. */
function connackReasonCode(reasonCode: number): number {
  return connackReasonCodes.has(reasonCode) ? reasonCode : 0x80;
}

const connackReasonCodes = new Set([
  0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9f,
]);

function accept(connection: Connection, packet: ConnectPacket, clientId: string, identity: Identity): void {
  const { context } = connection;
  const rights = rightsOf(connection, clientId, identity);
  const will = packet.will === undefined ? undefined : { ...packet.will, topic: rights.ownTopic(packet.will.topic) };
  const problem = will === undefined ? undefined : willProblem(connection, will, rights);
  if (problem !== undefined) {
    refuse(connection, ...problem);
    return;
  }
  const owner = `${identity.kind}:${identity.name}`;
  const holder = context.sessions.get(clientId)?.owner ?? owner;
  if (holder !== owner) {
    refuse(connection, 0x85, `Client id "${clientId}" is in use by another identity`);
    return;
  }
  if (context.sessions.get(clientId)?.link === undefined)
    context.admission.connected(connection.transport.peer.remoteAddress, clientId);
  const expiryInterval = sessionExpiry(packet, context.limits.sessionExpirySecondsMax);
  const { session, present } = context.sessions.open(clientId, owner, packet.cleanStart, expiryInterval);
  if (present) dropForbidden(connection, session, identity);
  context.wills.cancel(session);
  session.will = will === undefined ? undefined : ownedWill(will);
  connection.connected({
    identity,
    session,
    topics: new TopicCache(context.router, rights),
    window: Math.min(packet.properties?.receiveMaximum ?? 0xffff, context.limits.inflightMax),
    packetBytesMax: packet.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    problemInformation: packet.properties?.requestProblemInformation !== 0,
  });
  connection.silenceMsMax = packet.keepAlive === 0 ? Number.POSITIVE_INFINITY : packet.keepAlive * 1500;
  context.keepAlive.watch(connection);
  connection.send({
    type: PacketType.connack,
    sessionPresent: present,
    reasonCode: 0,
    properties: packet.version === 5 ? connackProperties(connection, packet, clientId, expiryInterval) : undefined,
  });
  if (present) context.deliverer.resume(session, connection);
  for (const request of session.queueRequests.values()) void reopen(connection, session, request.filter);
}

/** Asked of the topic that the will is published to: `me` may stand for a longer one. */
function willProblem({ context }: Connection, will: Will, rights: TopicRights): Refusal | undefined {
  const problem = topicNameProblem(will.topic);
  if (problem !== undefined) return [0x90, `The will's topic is not valid: ${problem}`];
  const refusal = context.publisher.refusal(will.topic, will.retain ? will.payload.length : 0);
  if (refusal !== undefined) return [errorCatalogue[refusal.code].mqtt, refusal.message];
  if (!rights.mayPublish(will.topic)) return [0x87, `Not allowed to publish the will to "${will.topic}"`];
  return undefined;
}

/** What a kept session subscribed to is only delivered as long as it may still be read. */
function dropForbidden({ context }: Connection, session: Session, identity: Identity): void {
  for (const subscription of [...session.subscriptions.values()]) {
    if (context.access.maySubscribe(identity, session.clientId, subscription.filter)) continue;
    session.subscriptions.delete(subscription.filter);
    context.router.unsubscribe(subscription);
    context.log.warn('Subscription of a kept session ended: not allowed any more', {
      client: session.clientId,
      filter: subscription.filter,
    });
  }
  context.sessionLog.changed(session);
}

function rightsOf(connection: Connection, clientId: string, identity: Identity): TopicRights {
  const { access } = connection.context;
  return {
    ownTopic: (topic) => deviceTopic(identity, topic),
    mayPublish: (topic) => access.mayPublish(identity, clientId, topic),
  };
}

/** Seconds that the session outlives the connection: 3.1.1 says all or nothing, MQTT 5 how long. */
function sessionExpiry(packet: ConnectPacket, secondsMax: number): number {
  if (packet.version === 4) return packet.cleanStart ? 0 : secondsMax;
  return Math.min(packet.properties?.sessionExpiryInterval ?? 0, secondsMax);
}

/** The packet's payload is a view of the network buffer, and a will may stay for years. */
function ownedWill(will: Will): Will {
  return { ...will, payload: Buffer.from(will.payload) };
}

function connackProperties(
  connection: Connection,
  packet: ConnectPacket,
  clientId: string,
  expiryInterval: number,
): ConnackProperties {
  const { limits } = connection.context;
  const asked = packet.properties?.sessionExpiryInterval ?? 0;
  return {
    ...(asked === expiryInterval ? {} : { sessionExpiryInterval: expiryInterval }),
    receiveMaximum: limits.receiveMaximum,
    maximumPacketSize: limits.packetBytesMax,
    topicAliasMaximum: limits.topicAliasMax,
    ...(packet.clientId === '' ? { assignedClientIdentifier: clientId } : {}),
    sharedSubscriptionAvailable: 0,
  };
}

/** A kept session goes on consuming the queues that it had subscribed to. */
async function reopen(connection: Connection, session: Session, filter: string): Promise<void> {
  const request = session.queueRequests.get(filter);
  if (request === undefined) return;
  const { reasonCode, reason } = await openQueue(connection, request, request.identifiers);
  if (reasonCode < 0x80 || session.link !== connection) return;
  session.queueRequests.delete(filter);
  connection.context.sessionLog.changed(session);
  connection.context.log.warn('Queue subscription of a kept session ended', {
    client: session.clientId,
    filter,
    reasonCode,
    reason,
  });
}
