import { SluiceError } from '../../errors.ts';
import { MalformedPacket } from '../../mqtt/codec/malformed.ts';
import type { PublishPacket } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';
import { userPropertiesRefusal } from '../limits.ts';
import { payloadFormatRefusal } from '../payload-format.ts';
import { Publication } from '../publication.ts';
import { nobodyWaits } from '../publisher.ts';
import { ReceivedMessage } from '../received-message.ts';
import type { KnownTopic } from '../topic-cache.ts';

/** A publish while its steps run. */
interface Draft {
  readonly packet: PublishPacket;
  known: KnownTopic | undefined;
}

/** A refusal goes back to the publisher in its acknowledgement; what breaks the protocol is thrown and ends the connection. */
type PublishStep = (connection: Connection, draft: Draft) => SluiceError | undefined;

const publishSteps: readonly PublishStep[] = [alias, topicValid, capability, authorise, payloadFormat];

/** quota → alias → topic valid → capability → authorise → payload format → to message, then to everyone whom it concerns. */
export function handlePublish(connection: Connection, packet: PublishPacket): void {
  if (packet.qos > 0) checkQuota(connection);
  if (packet.qos === 2 && isRepeated(connection, packet.packetId)) return;
  const draft: Draft = { packet, known: undefined };
  for (const step of publishSteps) {
    const refusal = step(connection, draft);
    if (refusal !== undefined) {
      refuse(connection, packet, refusal);
      return;
    }
  }
  accept(connection, packet, draft.known as KnownTopic);
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

function alias(connection: Connection, draft: Draft): undefined {
  const { packet } = draft;
  const number = packet.properties?.topicAlias;
  if (number === undefined) return;
  const aliasMax = connection.context.limits.topicAliasMax;
  if (number > aliasMax)
    throw new MalformedPacket(0x94, `Expected a topic alias of at most ${aliasMax}, met ${number}`, 'MQTT-3.2.2-17');
  if (packet.topicStart < packet.topicEnd) {
    draft.known = { ...connection.topics.resolve(packet.buffer, packet.topicStart, packet.topicEnd) };
    connection.aliases.set(number, draft.known);
    return;
  }
  const known = connection.aliases.get(number);
  if (known === undefined)
    throw new MalformedPacket(0x82, `Expected topic alias ${number} to be set before it is used`, 'section 3.3.2.3.4');
  draft.known = connection.topics.refresh(known);
}

function topicValid(connection: Connection, draft: Draft): SluiceError | undefined {
  const { packet } = draft;
  draft.known ??= connection.topics.resolve(packet.buffer, packet.topicStart, packet.topicEnd);
  const { problem } = draft.known;
  return problem === undefined ? undefined : new SluiceError('invalid_topic', problem);
}

function capability(connection: Connection, draft: Draft): SluiceError | undefined {
  const { packet } = draft;
  const { limits, publisher } = connection.context;
  const topic = (draft.known as KnownTopic).topic;
  if (packet.properties?.subscriptionIdentifiers !== undefined) {
    throw new MalformedPacket(0x82, 'Expected no Subscription Identifier from a client', 'MQTT-3.3.4-6');
  }
  const properties = packet.properties && userPropertiesRefusal(packet.properties, limits.userPropertiesMax);
  if (properties !== undefined) return properties;
  const retainedBytes = packet.retain ? packet.payloadEnd - packet.payloadStart : 0;
  return publisher.refusal(topic, retainedBytes);
}

function authorise(_connection: Connection, draft: Draft): SluiceError | undefined {
  const { topic, allowed } = draft.known as KnownTopic;
  return allowed ? undefined : new SluiceError('not_authorized', `Not allowed to publish to "${topic}"`);
}

/** What is said to be UTF-8 (MQTT 5, section 3.3.2.3.2). */
function payloadFormat({ context }: Connection, { packet }: Draft): SluiceError | undefined {
  if (packet.properties?.payloadFormatIndicator !== 1 || !context.options.payloadFormatCheck) return undefined;
  return payloadFormatRefusal(packet.buffer.subarray(packet.payloadStart, packet.payloadEnd));
}

function accept(connection: Connection, packet: PublishPacket, known: KnownTopic): void {
  const publication = toMessage(connection, packet, known.topic);
  const { publisher, deliverer } = connection.context;
  // Left by others: nobody has to wait for what somebody else's message met.
  deliverer.takeCongested();
  if (packet.qos === 0) publisher.publish(known.route, publication, nobodyWaits, 0);
  else acceptAcknowledged(connection, packet, known, publication);
  deliverer.takeCongested()?.congestion.hold(connection);
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
  const payload = packet.buffer.subarray(packet.payloadStart, packet.payloadEnd);
  const properties = packet.properties?.topicAlias === undefined ? packet.properties : withoutAlias(packet.properties);
  return new Publication(
    topic,
    payload,
    packet.qos,
    packet.retain,
    properties,
    connection.lastReceivedAt,
    connection.session.clientId,
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
  connection.acknowledger.refuse(connection.acknowledger.open(packet.packetId, packet.qos), refusal);
}

/** The same QoS 2 message once more, because PUBREC was lost: it is not published again [MQTT-4.3.3-10]. */
function isRepeated(connection: Connection, packetId: number): boolean {
  const received = connection.session.received.get(packetId);
  if (received === undefined) return false;
  connection.acknowledger.repeat(packetId, received);
  return true;
}
