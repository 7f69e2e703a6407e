import { problemOf, SluiceError, toSluiceError } from '../../errors.ts';
import { decodeTopicName, payloadOf } from '../../mqtt/codec/decode-publish.ts';
import { encodePublish, publishSize } from '../../mqtt/codec/encode-publish.ts';
import { MalformedPacket } from '../../mqtt/codec/malformed.ts';
import {
  type ConnackProperties,
  type ConnectPacket,
  type ControlPacket,
  PacketType,
  type PublishPacket,
  type SubscribePacket,
} from '../../mqtt/codec/packets.ts';
import { Claimant, type ClaimDoor, claimBounds, isClaimantId } from '../claims.ts';
import type { Connection } from '../connection.ts';
import { handlePingreq } from './pingreq.ts';
import { type Refusal, refuseConnect } from './refuse-connect.ts';

/*
 * A device without credentials. It has no session, no will and no rights, and is never where messages are matched to
 * subscribers: nobody else can hear its key or its answer, and it hears of nothing but its own claim.
 */

export function acceptClaimant(connection: Connection, packet: ConnectPacket, clientId: string): void {
  const { context } = connection;
  const refusal = refusalOf(connection, packet, clientId);
  if (refusal !== undefined) {
    refuseConnect(connection, ...refusal);
    return;
  }
  connection.claiming(new Claimant(clientId));
  context.keepAlive.watch(connection);
  connection.send({
    type: PacketType.connack,
    sessionPresent: false,
    reasonCode: 0,
    properties: packet.version === 5 ? connackProperties(connection, packet, clientId) : undefined,
  });
}

/** What a connection that claims sends: nothing but this. */
export function handleClaimantPacket(connection: Connection, claimant: Claimant, packet: ControlPacket): void {
  if (packet.type === PacketType.subscribe) handleSubscribe(connection, claimant, packet);
  else if (packet.type === PacketType.pingreq) handlePingreq(connection);
  else if (packet.type === PacketType.disconnect) {
    connection.leave();
    connection.transport.end();
  } else throw nothingElse(claimant);
}

export function handleClaimantPublish(connection: Connection, claimant: Claimant, packet: PublishPacket): void {
  const { acknowledger, context, transport } = connection;
  if (packet.qos === 2) throw new MalformedPacket(0x9b, 'Expected a claim at QoS 0 or 1', 'MQTT-3.2.2-11');
  if (packet.retain) throw new MalformedPacket(0x9a, 'Expected a claim that is not retained', 'MQTT-3.2.2-14');
  const tag = packet.qos === 0 ? undefined : acknowledger.open(packet.packetId, packet.qos);
  if (tag !== undefined) acknowledger.expect(tag, 1);
  const done = (failure: SluiceError | undefined): void => {
    if (tag !== undefined) acknowledger.receipt(tag, failure);
    else if (failure !== undefined) connection.publishRefused(failure);
  };
  const refusal = claimRefusal(claimant, decodeTopicName(packet.buffer, packet.topicStart, packet.topicEnd));
  if (refusal === undefined) {
    void carryOut(connection, claimant, context.claims, payloadOf(packet), transport.peer.remoteAddress).then(done);
  } else {
    tell(connection, claimant, problemOf(refusal));
    done(refusal);
  }
}

function refusalOf(connection: Connection, packet: ConnectPacket, clientId: string): Refusal | undefined {
  const { context, transport } = connection;
  const { answerBytesMax } = claimBounds;
  if (!isClaimantId(clientId))
    return [0x85, `Choose a client id of 1 to 128 letters, digits, '.', '_', ':' or '-' to claim`];
  if (packet.will !== undefined) return [0x87, 'Not allowed to leave a will: who claims is nobody yet'];
  if (connection.packetBytesMax < answerBytesMax)
    return [0x95, `Take packets of ${answerBytesMax} bytes: the answer to a claim may be as long`];
  if (context.claimPlaces.enter(transport.peer.remoteAddress)) return undefined;
  return [0x97, 'Claim again later: as many devices as may claim at once do so (mqtt.claimConnectionsMax)'];
}

function connackProperties(
  { receivedBytesMax }: Connection,
  { clientId, properties }: ConnectPacket,
  given: string,
): ConnackProperties {
  return {
    maximumQoS: 1,
    retainAvailable: 0,
    maximumPacketSize: receivedBytesMax,
    wildcardSubscriptionAvailable: 0,
    subscriptionIdentifierAvailable: 0,
    sharedSubscriptionAvailable: 0,
    ...((properties?.sessionExpiryInterval ?? 0) > 0 && { sessionExpiryInterval: 0 }),
    ...(clientId === '' && { assignedClientIdentifier: given }),
  };
}

function handleSubscribe(connection: Connection, claimant: Claimant, packet: SubscribePacket): void {
  const refused = connection.version === 5 ? 0x87 : 0x80;
  const reasonCodes = packet.subscriptions.map(({ filter }) => (filter === claimant.responseTopic ? 0 : refused));
  claimant.isSubscribed ||= reasonCodes.includes(0);
  connection.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes, properties: undefined });
}

function claimRefusal(claimant: Claimant, topic: string): SluiceError | undefined {
  if (topic !== claimant.requestTopic) return nothingElse(claimant);
  // What is made for the device is told once: where nobody hears it, it would be lost with the id.
  if (!claimant.isSubscribed)
    return new SluiceError(
      'invalid_argument',
      `Subscribe to "${claimant.responseTopic}" first: the answer comes there`,
    );
  if (!claimant.isBusy) return undefined;
  return new SluiceError('quota_exceeded', 'Wait for the answer: one claim at a time is carried out for a connection');
}

function nothingElse({ requestTopic, responseTopic }: Claimant): SluiceError {
  const may = `this connection may publish to "${requestTopic}" and subscribe to "${responseTopic}"`;
  return new SluiceError('not_authorized', `Claim, and connect again with what you were given: ${may}`);
}

async function carryOut(
  connection: Connection,
  claimant: Claimant,
  claims: ClaimDoor,
  request: Buffer,
  remoteAddress: string,
): Promise<SluiceError | undefined> {
  claimant.isBusy = true;
  try {
    tell(connection, claimant, await claims.claimByText(request, remoteAddress));
    return undefined;
  } catch (problem) {
    const failure = toSluiceError(problem);
    tell(connection, claimant, problemOf(failure));
    return failure;
  } finally {
    claimant.isBusy = false;
  }
}

/** To the device alone, past everything that hands messages to subscribers. */
function tell(connection: Connection, { responseTopic, isSubscribed }: Claimant, answer: object): void {
  if (connection.phase !== 'claiming' || !isSubscribed) return;
  const payload = Buffer.from(JSON.stringify(answer));
  const properties = { contentType: 'application/json', payloadFormatIndicator: 1 } as const;
  const { context, counters, packetBytesMax, transport, version } = connection;
  if (transport.bufferedBytes > context.limits.outputBytesMax) {
    counters.dropped.slow_consumer++;
    return;
  }
  if (publishSize(responseTopic, payload.length, properties, 0, version) > packetBytesMax) {
    counters.dropped.packet_too_large++;
    return;
  }
  counters.publishesOut++;
  counters.payloadBytesOut += payload.length;
  encodePublish(transport, responseTopic, payload, properties, 0, false, false, 0, version);
}
