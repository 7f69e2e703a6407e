import type { Credentials, Identity } from '../../access/access.ts';
import { errorCatalogue, type SluiceError, toSluiceError } from '../../errors.ts';
import { type ConnackProperties, type ConnectPacket, PacketType, type Will } from '../../mqtt/codec/packets.ts';
import { topicNameProblem } from '../../mqtt/topics/names.ts';
import { copyOf } from '../../std/bytes.ts';
import { AliasesOut } from '../aliases-out.ts';
import { wantsToClaim } from '../claims.ts';
import type { Connection } from '../connection.ts';
import { dropForbidden } from '../drop-forbidden.ts';
import { payloadBytesRefusal, retainsNothing, userPropertiesRefusal, wholePacketBytesMax } from '../limits.ts';
import { reopenQueues } from '../open-queue.ts';
import { payloadFormatRefusal } from '../payload-format.ts';
import { responseInformation } from '../response-information.ts';
import { ownerOf } from '../session.ts';
import { type TopicRights, topicRights } from '../topic-cache.ts';
import { acceptClaimant } from './claim.ts';
import {
  qosNotSupported,
  type Refusal,
  refuseConnect,
  retainNotSupported,
  serverMoved,
  useAnotherServer,
} from './refuse-connect.ts';

/** A CONNECT that may go on, until its client is known for who it is. */
export interface Login {
  readonly packet: ConnectPacket;
  readonly credentials: Credentials;
  /** At which it began. */
  readonly rightsVersion: number;
}

/** Opens the session, once the client is known for who it is. What it sends meanwhile waits in the receiver. */
export async function handleConnect(connection: Connection, packet: ConnectPacket): Promise<void> {
  const login = beginLogin(connection, packet);
  if (login === undefined) return;
  if (connection.context.claimPlaces.exist && wantsToClaim(packet, connection.transport.peer)) {
    acceptClaimant(connection, packet, login.credentials.clientId);
    return;
  }
  let identity: Identity;
  try {
    identity = await connection.context.access.authenticate(login.credentials);
  } catch (problem) {
    refuseLogin(connection, login, toSluiceError(problem));
    return;
  }
  if (connection.phase === 'authenticating') acceptLogin(connection, login, identity, undefined);
}

/** Undefined where CONNECT was refused, whoever the client is. */
export function beginLogin(connection: Connection, packet: ConnectPacket): Login | undefined {
  connection.phase = 'authenticating';
  connection.version = packet.version;
  connection.isMqtt31 = packet.isMqtt31 === true;
  connection.aliasesOut = aliasesOutOf(packet, connection.context.limits.topicAliasOutMax);
  connection.packetBytesMax = packet.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  connection.problemInformation = packet.properties?.requestProblemInformation === 1;
  connection.counters.connectsIn++;
  const { admission } = connection.context;
  const unwelcome = admission.refusal(connection.transport.peer.remoteAddress, packet);
  if (unwelcome !== undefined) {
    // Whoever comes again and again must not fill the log: the ban itself was logged.
    refuseConnect(connection, unwelcome[0], unwelcome[1], 'debug');
    return undefined;
  }
  const { redirect } = connection.transport.peer.listener;
  if (redirect !== undefined) {
    const reason = `Clients of this listener are served by ${redirect.serverReference}`;
    refuseConnect(connection, redirect.permanent ? serverMoved : useAnotherServer, reason, 'debug');
    return undefined;
  }
  connection.arrival = connection.context.newArrival();
  const refusal = refusalOf(connection, packet);
  if (refusal !== undefined) {
    refuseConnect(connection, refusal[0], refusal[1]);
    return undefined;
  }
  const clientId = packet.clientId === '' ? connection.context.newClientId() : packet.clientId;
  const { remoteAddress, certificate, listener } = connection.transport.peer;
  const { username, password } = packet;
  const credentials = { clientId, username, password, remoteAddress, certificate, through: listener.access };
  return { packet, credentials, rightsVersion: connection.context.rights.version };
}

export function refuseLogin(connection: Connection, { credentials }: Login, problem: SluiceError): void {
  connection.context.admission.loginFailed(credentials, problem.code);
  refuseConnect(connection, errorCatalogue[problem.code].mqtt, problem.message);
}

function refusalOf(connection: Connection, packet: ConnectPacket): Refusal | undefined {
  if (packet.clientId === '' && !connection.context.options.emptyClientIds)
    return [packet.version === 5 ? 0x80 : 0x85, 'A client needs a client id of its own here [MQTT-3.1.3-8]'];
  if (packet.clientId === '' && packet.version === 4 && !packet.cleanStart) {
    return [0x85, 'An empty client id needs a clean session [MQTT-3.1.3-8]'];
  }
  const missing = packet.will === undefined ? undefined : missingCapability(connection, packet.will);
  if (missing !== undefined) return missing;
  const { clientIdBytesMax } = connection.context.limits;
  if (Buffer.byteLength(packet.clientId) > clientIdBytesMax)
    return [0x85, `A client id has at most ${clientIdBytesMax} bytes [MQTT-3.1.3-5]`];
  return roomRefusal(connection, packet.clientId);
}

/** What the will asks for and this server has not got [MQTT-3.2.2-12..13]. */
function missingCapability({ context }: Connection, { qos, retain }: Will): Refusal | undefined {
  const { qosMax } = context.options;
  if (retain && retainsNothing(context.limits))
    return [retainNotSupported, 'The server retains nothing: no will either'];
  if (qos > qosMax) return [qosNotSupported, `The server takes QoS ${qosMax} at most: the will has ${qos}`];
  return undefined;
}

/** What may have changed while the client logged in. */
function sessionRefusal(connection: Connection, clientId: string, owner: string): Refusal | undefined {
  const holder = connection.context.sessions.get(clientId);
  if (holder === undefined) return roomRefusal(connection, clientId);
  if (holder.owner !== owner) return [0x85, `Client id "${clientId}" is in use by another identity`];
  // The other way round it would have been taken over [MQTT-3.1.4-3]; a DISCONNECT may not come before CONNACK [MQTT-3.14.0-1].
  if (holder.link !== undefined && holder.link.arrival > connection.arrival)
    return [0x80, 'Another connection uses this client id, and came later'];
  return undefined;
}

function roomRefusal({ context }: Connection, clientId: string): Refusal | undefined {
  if (!context.sessions.isFull || context.sessions.get(clientId) !== undefined) return undefined;
  return [0x97, `The server holds ${context.limits.sessionsMax} sessions, the most it may`];
}

/** `data` is the last that the client is sent of its method's. */
export function acceptLogin(connection: Connection, login: Login, identity: Identity, data: Buffer | undefined): void {
  const { packet, rightsVersion } = login;
  const { clientId } = login.credentials;
  const { context } = connection;
  const rights = topicRights(context.access, identity, clientId);
  const will = packet.will === undefined ? undefined : { ...packet.will, topic: rights.ownTopic(packet.will.topic) };
  const problem = will === undefined ? undefined : willProblem(connection, will, rights);
  if (problem !== undefined) {
    refuseConnect(connection, ...problem);
    return;
  }
  const owner = ownerOf(identity);
  const refusal = sessionRefusal(connection, clientId, owner);
  if (refusal !== undefined) {
    refuseConnect(connection, ...refusal);
    return;
  }
  if (context.sessions.get(clientId)?.link === undefined)
    context.admission.connected(connection.transport.peer.remoteAddress, clientId);
  const expiryInterval = sessionExpiry(packet, context.limits.sessionExpirySecondsMax);
  const { session, present } = context.sessions.open(clientId, owner, packet.cleanStart, expiryInterval);
  if (present) dropForbidden(context, session, identity);
  context.wills.cancel(session);
  session.will = will === undefined ? undefined : ownedWill(will);
  session.willSource = will?.retain === true ? context.access.sourceOf(identity, clientId, will.topic) : undefined;
  connection.connected({
    identity,
    session,
    window: Math.min(packet.properties?.receiveMaximum ?? 0xffff, context.limits.inflightMax),
  });
  const keepAlive = serverKeepAlive(packet, context.limits.keepAliveSecondsMax) ?? packet.keepAlive;
  connection.silenceMsMax = keepAlive === 0 ? Number.POSITIVE_INFINITY : keepAlive * 1500;
  context.keepAlive.watch(connection);
  context.rights.watch(connection, rightsVersion);
  const isSent = connection.send({
    type: PacketType.connack,
    sessionPresent: present && !connection.isMqtt31,
    reasonCode: 0,
    properties:
      packet.version === 5
        ? { ...connackProperties(connection, packet, clientId, expiryInterval), ...proofOf(packet, data) }
        : undefined,
  });
  if (!isSent) {
    endUnanswered(connection);
    return;
  }
  if (present) context.deliverer.resume(session, connection);
  if (session.queueRequests.size > 0) void reopenQueues(connection);
}

/** A client that has no room for a CONNACK cannot be told anything, and was never connected. */
function endUnanswered(connection: Connection): void {
  connection.context.log.info('Connection ended: the client takes no packet as large as CONNACK', {
    client: connection.session.clientId,
    packetBytesMax: connection.packetBytesMax,
  });
  connection.session.will = undefined;
  connection.leave();
  connection.transport.end();
}

function aliasesOutOf({ properties }: ConnectPacket, outMax: number): AliasesOut | undefined {
  const max = Math.min(properties?.topicAliasMaximum ?? 0, outMax);
  return max > 0 ? new AliasesOut(max) : undefined;
}

/** Asked of the topic that the will is published to: `me` may stand for a longer one. */
function willProblem({ context }: Connection, will: Will, rights: TopicRights): Refusal | undefined {
  const { limits } = context;
  const problem = topicNameProblem(will.topic, limits.topicLevelsMax);
  if (problem !== undefined) return [0x90, `The will's topic is not valid: ${problem}`];
  if (will.payload.length > limits.willBytesMax)
    return [0x95, `A will has at most ${limits.willBytesMax} bytes: this one has ${will.payload.length}`];
  const payload = payloadBytesRefusal(will.payload.length, limits.payloadBytesMax);
  if (payload !== undefined) return [errorCatalogue[payload.code].mqtt, payload.message];
  if (will.properties?.payloadFormatIndicator === 1 && context.options.payloadFormatCheck) {
    const unreadable = payloadFormatRefusal(will.payload);
    if (unreadable !== undefined) return [errorCatalogue[unreadable.code].mqtt, unreadable.message];
  }
  const properties = userPropertiesRefusal(will.properties, limits.userPropertiesMax);
  if (properties !== undefined) return [0x97, properties.message];
  const refusal = context.publisher.refusal(will.topic, will.retain ? will.payload.length : 0);
  if (refusal !== undefined) return [errorCatalogue[refusal.code].mqtt, refusal.message];
  if (!rights.mayPublish(will.topic)) return [0x87, `Not allowed to publish the will to "${will.topic}"`];
  return undefined;
}

/** Seconds that the session outlives the connection: 3.1.1 says all or nothing, MQTT 5 how long. */
function sessionExpiry(packet: ConnectPacket, secondsMax: number): number {
  if (packet.version === 4) return packet.cleanStart ? 0 : secondsMax;
  return Math.min(packet.properties?.sessionExpiryInterval ?? 0, secondsMax);
}

/** Seconds that the server asks for where the client would be silent for longer; only MQTT 5 can say so. */
function serverKeepAlive({ version, keepAlive }: ConnectPacket, secondsMax: number): number | undefined {
  if (version === 4 || secondsMax === 0) return undefined;
  return keepAlive === 0 || keepAlive > secondsMax ? secondsMax : undefined;
}

/** The packet's payload is a view of the packet, and a will may stay for years. */
function ownedWill(will: Will): Will {
  return { ...will, payload: copyOf(will.payload) };
}

function connackProperties(
  connection: Connection,
  packet: ConnectPacket,
  clientId: string,
  expiryInterval: number,
): ConnackProperties {
  const { limits, options } = connection.context;
  const asked = packet.properties?.sessionExpiryInterval ?? 0;
  const keepAlive = serverKeepAlive(packet, limits.keepAliveSecondsMax);
  return {
    ...(asked === expiryInterval ? {} : { sessionExpiryInterval: expiryInterval }),
    receiveMaximum: limits.receiveMaximum,
    ...(options.qosMax === 2 ? {} : { maximumQoS: options.qosMax }),
    ...(retainsNothing(limits) ? { retainAvailable: 0 } : {}),
    ...(connection.receivedBytesMax < wholePacketBytesMax ? { maximumPacketSize: connection.receivedBytesMax } : {}),
    topicAliasMaximum: limits.topicAliasMax,
    ...(keepAlive === undefined ? {} : { serverKeepAlive: keepAlive }),
    ...(packet.clientId === '' ? { assignedClientIdentifier: clientId } : {}),
    ...responseInformation(packet, clientId, options.responseTopicPrefix),
  };
}

/** The method that the client named, in every CONNACK that lets it in [MQTT-4.12.0-5]; without one none [MQTT-4.12.0-6]. */
function proofOf({ properties }: ConnectPacket, authenticationData: Buffer | undefined): ConnackProperties {
  const authenticationMethod = properties?.authenticationMethod;
  if (authenticationMethod === undefined) return {};
  return authenticationData === undefined ? { authenticationMethod } : { authenticationMethod, authenticationData };
}
