import { SluiceError, withRemedy } from '../../errors.ts';
import { MalformedPacket } from '../../mqtt/codec/malformed.ts';
import type { PublishPacket } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';
import { extendLeases, extensionWaitMs, queueToExtend } from '../lease-extension.ts';
import { aliasCharactersMax, payloadBytesRefusal, retainsNothing, userPropertiesRefusal } from '../limits.ts';
import { payloadFormatRefusal } from '../payload-format.ts';
import { Publication } from '../publication.ts';
import { nobodyWaits } from '../publisher.ts';
import { ReceivedMessage } from '../received-message.ts';
import type { KnownTopic } from '../topic-cache.ts';

/**
 * quota → alias → topic valid → capability → authorise → storage → payload format → to message, then to everyone whom it concerns. A
 * refusal goes back to the publisher in its acknowledgement; what breaks the protocol is thrown and ends the connection.
 */
export function handlePublish(connection: Connection, packet: PublishPacket): void {
  checkCapabilities(connection, packet);
  if (packet.qos > 0) checkQuota(connection);
  if (packet.qos === 2 && isRepeated(connection, packet.packetId)) return;
  const known = topicOf(connection, packet);
  const refusal =
    topicProblem(known) ??
    capability(connection, packet, known) ??
    authorise(known) ??
    storage(connection, packet) ??
    payloadFormat(connection, packet);
  if (refusal === undefined) accept(connection, packet, known);
  else if (!control(connection, packet, known)) refuse(connection, packet, refusal);
}

/** Publishes to the server's topics are refused, but for those that ask it for something. False where this one does not. */
function control(connection: Connection, packet: PublishPacket, { topic, problem }: KnownTopic): boolean {
  const queue = problem === undefined ? queueToExtend(topic) : undefined;
  if (queue === undefined) return false;
  const payload = packet.buffer.subarray(packet.payloadStart, packet.payloadEnd);
  const failure = extendLeases(connection, queue, payload);
  if (failure?.code === 'rate_limited' && connection.version === 4) slowDown(connection, packet, failure);
  else if (failure !== undefined) refuse(connection, packet, failure);
  else if (packet.qos > 0) acknowledge(connection, packet);
  return true;
}

/**
 * A refusal that may pass ends the connection of a 3.1.1 client, and with it everything that it holds, which it asked to keep.
 * So it is answered without having been done, and the client is not read until it may ask again.
 */
function slowDown(connection: Connection, packet: PublishPacket, failure: SluiceError): void {
  connection.publishRefused(failure);
  connection.holdFor(extensionWaitMs(connection), 'extension_rate');
  if (packet.qos > 0) acknowledge(connection, packet);
}

/** Nothing of it is stored. */
function acknowledge({ session, acknowledger }: Connection, { packetId, qos }: PublishPacket): void {
  if (qos === 2) session.received.set(packetId, ReceivedMessage.stored());
  acknowledger.expect(acknowledger.open(packetId, qos), 0);
}

/** What CONNACK said that this server has not got. */
function checkCapabilities({ context }: Connection, { qos, retain }: PublishPacket): void {
  const { qosMax } = context.options;
  if (qos > qosMax)
    throw new MalformedPacket(0x9b, `Expected QoS ${qosMax} at most, as CONNACK said, met ${qos}`, 'MQTT-3.2.2-11');
  if (retain && retainsNothing(context.limits))
    throw new MalformedPacket(0x9a, 'Expected no retained message, as CONNACK said', 'MQTT-3.2.2-14');
}

/** Receive Maximum: MQTT 5 says disconnect [MQTT-3.3.4-9]; a 3.1.1 client was told no number, so it is not read until its receipts are in. */
function checkQuota(connection: Connection): void {
  const { receiveMaximum } = connection.context.limits;
  const { pending } = connection.acknowledger;
  if (connection.version === 4) {
    if (pending >= receiveMaximum) connection.pauseForReceipts();
    return;
  }
  if (pending + connection.unreleased < receiveMaximum) return;
  throw new MalformedPacket(0x93, `Expected at most ${receiveMaximum} unacknowledged messages`, 'MQTT-3.3.4-9');
}

function topicOf(connection: Connection, packet: PublishPacket): KnownTopic {
  const alias = packet.properties?.topicAlias;
  if (alias !== undefined) return aliasedTopic(connection, packet, alias);
  return connection.topics.resolve(packet.buffer, packet.topicStart, packet.topicEnd);
}

function aliasedTopic(connection: Connection, packet: PublishPacket, alias: number): KnownTopic {
  const aliasMax = connection.context.limits.topicAliasMax;
  if (alias > aliasMax)
    throw new MalformedPacket(0x94, `Expected a topic alias of at most ${aliasMax}, met ${alias}`, 'MQTT-3.2.2-17');
  if (packet.topicStart < packet.topicEnd) {
    const named = { ...connection.topics.resolve(packet.buffer, packet.topicStart, packet.topicEnd) };
    const charactersMax = aliasCharactersMax(connection.context.limits);
    if (connection.aliases.set(alias, named, charactersMax)) return named;
    throw new MalformedPacket(
      0x97,
      `Expected topic aliases of at most ${charactersMax} characters together`,
      'section 4.13',
    );
  }
  const known = connection.aliases.get(alias);
  if (known === undefined)
    throw new MalformedPacket(0x82, `Expected topic alias ${alias} to be set before it is used`, 'section 3.3.2.3.4');
  return connection.topics.refresh(known);
}

function topicProblem({ problem }: KnownTopic): SluiceError | undefined {
  return problem === undefined ? undefined : new SluiceError('invalid_topic', problem);
}

function capability(connection: Connection, packet: PublishPacket, { topic }: KnownTopic): SluiceError | undefined {
  const { limits, publisher } = connection.context;
  if (packet.properties?.subscriptionIdentifiers !== undefined) {
    throw new MalformedPacket(0x82, 'Expected no Subscription Identifier from a client', 'MQTT-3.3.4-6');
  }
  const properties = packet.properties && userPropertiesRefusal(packet.properties, limits.userPropertiesMax);
  if (properties !== undefined) return properties;
  const payload = payloadBytesRefusal(packet.payloadEnd - packet.payloadStart, limits.payloadBytesMax);
  if (payload !== undefined) return payload;
  const retainedBytes = packet.retain ? packet.payloadEnd - packet.payloadStart : 0;
  return publisher.refusal(topic, retainedBytes);
}

function authorise({ topic, allowed }: KnownTopic): SluiceError | undefined {
  return allowed ? undefined : new SluiceError('not_authorized', `Not allowed to publish to "${topic}"`);
}

/** Where the disk is nearly full, what may have to be stored is refused before anybody has it. */
function storage({ context }: Connection, { qos, retain }: PublishPacket): SluiceError | undefined {
  return qos > 0 || retain ? context.publisher.storageRefusal : undefined;
}

/** What is said to be UTF-8 (MQTT 5, section 3.3.2.3.2). */
function payloadFormat({ context }: Connection, packet: PublishPacket): SluiceError | undefined {
  if (packet.properties?.payloadFormatIndicator !== 1 || !context.options.payloadFormatCheck) return undefined;
  return payloadFormatRefusal(packet.buffer.subarray(packet.payloadStart, packet.payloadEnd));
}

function accept(connection: Connection, packet: PublishPacket, known: KnownTopic): void {
  const publication = toMessage(connection, packet, known.topic);
  if (packet.retain) publication.source = connection.sourceFor(known.topic);
  const { deliverer } = connection.context;
  // Left by others: nobody has to wait for what somebody else's message met.
  deliverer.sender.takeCongested();
  if (packet.qos === 0) acceptAtMostOnce(connection, known, publication);
  else acceptAcknowledged(connection, packet, known, publication);
  deliverer.sender.takeCongested()?.congestion.hold(connection);
}

function acceptAtMostOnce(connection: Connection, { route }: KnownTopic, publication: Publication): void {
  const { publisher } = connection.context;
  if (route.destinations.length === 0) publisher.publish(route, publication, nobodyWaits, 0);
  else publisher.publish(route, publication, connection.unacknowledged, connection.unacknowledged.next());
}

function acceptAcknowledged(
  connection: Connection,
  packet: PublishPacket,
  known: KnownTopic,
  publication: Publication,
): void {
  const { acknowledger, context } = connection;
  const tag = acknowledger.open(packet.packetId, packet.qos, isUnmatched(packet, known) ? noMatchingSubscribers : 0);
  try {
    const remembered = packet.qos === 2 ? remember(connection, packet.packetId, tag) : 0;
    acknowledger.expect(tag, remembered + context.publisher.publish(known.route, publication, acknowledger, tag));
    if (packet.qos === 2 && connection.session.waiting.size > 0) context.deliverer.pump(connection.session);
  } catch (problem) {
    // The connection ends with it; what the client sends again must not count as received.
    connection.forgetReceived(packet.packetId);
    throw problem;
  }
}

/** Nobody takes the message, and PUBACK may say so (MQTT 5, section 3.4.2.1); PUBREC comes before that is settled. */
function isUnmatched(packet: PublishPacket, { route }: KnownTopic): boolean {
  return packet.qos === 1 && route.recipients.length + route.groups.length + route.destinations.length === 0;
}

const noMatchingSubscribers = 0x10;

/** The packet id is on disk with the message, where the session is: the client may ask again after a crash. Answers how many receipts will come. */
function remember({ session, context, acknowledger }: Connection, packetId: number, tag: number): number {
  session.received.set(packetId, new ReceivedMessage());
  if (session.stored === undefined) return 0;
  context.sessionLog.received.add(session, packetId);
  context.sessionLog.wait(acknowledger, tag);
  return 1;
}

function toMessage(connection: Connection, packet: PublishPacket, topic: string): Publication {
  const properties = packet.properties?.topicAlias === undefined ? packet.properties : withoutAlias(packet.properties);
  return new Publication(
    topic,
    packet.buffer,
    packet.qos,
    packet.retain,
    properties,
    connection.lastReceivedAt,
    connection.session.clientId,
    false,
    packet.payloadStart,
    packet.payloadEnd,
  );
}

function withoutAlias({
  topicAlias: _,
  ...properties
}: NonNullable<PublishPacket['properties']>): PublishPacket['properties'] {
  return Object.keys(properties).length > 0 ? properties : undefined;
}

function refuse(connection: Connection, packet: PublishPacket, refusal: SluiceError): void {
  if (packet.qos === 0) {
    connection.publishRefused(refusal);
    return;
  }
  if (packet.qos === 2 && connection.version === 4)
    connection.session.received.set(packet.packetId, new ReceivedMessage());
  const { access } = connection.context;
  const told = access.mayAdminister(connection.identity) ? withRemedy(refusal) : refusal;
  connection.acknowledger.refuse(connection.acknowledger.open(packet.packetId, packet.qos), told);
}

/**
 * The same QoS 2 message once more, because PUBREC was lost: it is not published again [MQTT-4.3.3-10]. Behind its PUBREL it is another
 * message, which must not be taken for this one.
 */
function isRepeated(connection: Connection, packetId: number): boolean {
  if (connection.acknowledger.isReleasing(packetId)) {
    const expected = `Expected packet id ${packetId} to be used again behind its PUBCOMP`;
    throw new MalformedPacket(0x82, expected, 'MQTT-2.2.1-3');
  }
  const received = connection.session.received.get(packetId);
  if (received === undefined) return false;
  connection.acknowledger.repeat(packetId, received);
  return true;
}
