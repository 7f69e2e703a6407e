import type { QoS } from '../../../message.ts';
import { PacketType, type PublishProperties } from '../../../mqtt/codec/packets.ts';
import { testLimits } from '../broker-fixture.ts';
import type { ModelClient, OwnPublish } from './model-client.ts';
import type { ReferenceLink } from './reference-session.ts';
import { type Scene, topics } from './scene.ts';

/** Near the Maximum Packet Size of some clients, below it and above. */
const paddings = ['', '', '', '', 'x'.repeat(60), 'x'.repeat(48), 'x'.repeat(44)];

export function publish(scene: Scene, client: ModelClient): void {
  for (let more = scene.random.between(1, 3); more > 0; more--) publishOne(scene, client, true);
}

/** The socket breaks before any answer can leave. */
export function publishAndLoseConnection(scene: Scene, client: ModelClient): void {
  const { link, session } = scene.of(client);
  // What was too large for it is dropped where it was due in this turn, and nobody can know.
  if (link.packetBytesMax < Number.POSITIVE_INFINITY) return;
  for (let more = scene.random.between(1, 3); more > 0; more--) publishOne(scene, client, false);
  // What was written to it in this turn has not arrived either, but the server knows nothing of that.
  for (const owed of session.owed) owed.mayComeWithDup = true;
  link.atMostOnce.length = 0;
  client.memory?.takeAll();
  scene.cut(client);
}

export function release(scene: Scene, client: ModelClient): void {
  const ready = [...client.own].filter(([, { state }]) => state === 'received');
  if (ready.length > 0) releaseOne(scene, client, ...scene.random.pick(ready));
}

/** What the server had not acknowledged when the connection ended [MQTT-4.4.0-1]. */
export function sendAgain(scene: Scene, client: ModelClient, packetId: number, own: OwnPublish): void {
  const { now } = scene.reference;
  if (own.state === 'releasing' || (own.state === 'received' && scene.random.chance(50))) {
    releaseOne(scene, client, packetId, own);
    return;
  }
  // In state 'received' it is as if PUBREC had been lost.
  scene.tell(client.clientId, 'sends again', packetId, own);
  const sent = client.link?.version === 4 ? { ...own, properties: undefined } : own;
  client.publish(packetId, sent, own.topic, true, now);
  reached(scene, client, packetId, sent, true);
}

function publishOne(scene: Scene, client: ModelClient, isAnswered: boolean): void {
  const { link } = scene.of(client);
  // The server's Receive Maximum.
  const qos = client.own.size < testLimits.receiveMaximum ? (scene.random.below(3) as QoS) : 0;
  const retain = scene.random.chance(20);
  const payload = retain && scene.random.chance(30) ? '' : `${scene.nextNumber()}${scene.random.pick(paddings)}`;
  const expiry = link.version === 5 && scene.random.chance(20) ? scene.random.pick([5, 50]) : undefined;
  const { topic, sentTopic, topicAlias } = randomTopic(scene, client, link);
  const properties: PublishProperties | undefined =
    expiry === undefined && topicAlias === undefined ? undefined : { messageExpiryInterval: expiry, topicAlias };
  const kept = expiry === undefined ? undefined : { messageExpiryInterval: expiry };
  const own: OwnPublish = { topic, payload, qos, retain, properties: kept, state: 'published' };
  const packetId = qos > 0 ? client.freePacketId() : 0;
  scene.tell(client.clientId, 'publishes', packetId, own);
  if (qos > 0) client.own.set(packetId, own);
  client.publish(packetId, { ...own, properties }, sentTopic, false, scene.reference.now);
  reached(scene, client, packetId, own, isAnswered);
}

function randomTopic(
  scene: Scene,
  client: ModelClient,
  link: ReferenceLink,
): { topic: string; sentTopic: string; topicAlias?: number } {
  const topic = scene.random.pick(topics);
  if (link.version === 4 || scene.random.chance(70)) return { topic, sentTopic: topic };
  const topicAlias = scene.random.between(1, testLimits.topicAliasMax);
  const known = client.aliases.get(topicAlias);
  if (known !== undefined && scene.random.chance(60)) return { topic: known, sentTopic: '', topicAlias };
  client.aliases.set(topicAlias, topic);
  return { topic, sentTopic: topic, topicAlias };
}

/** What the reference makes of a publish that reached the server. */
function reached(scene: Scene, client: ModelClient, packetId: number, own: OwnPublish, isAnswered: boolean): void {
  const { link, session } = scene.of(client);
  const code = link.version === 5 && !scene.reference.isSubscribed(own.topic) ? 0x10 : 0;
  if (isAnswered && own.qos === 1) link.control.push(`puback ${packetId} ${code}`);
  if (isAnswered && own.qos === 2) link.control.push(`pubrec ${packetId} 0`);
  if (own.qos === 2 && session.received.has(packetId)) return;
  if (own.qos === 2) session.received.add(packetId);
  const seconds = own.properties?.messageExpiryInterval ?? Number.POSITIVE_INFINITY;
  const { topic, payload, qos, retain } = own;
  const expiresAt = scene.reference.now + seconds * 1_000;
  scene.reference.publish({ topic, payload, qos, retain, publisher: client.clientId, expiresAt });
}

function releaseOne(scene: Scene, client: ModelClient, packetId: number, own: OwnPublish): void {
  const { link, session } = scene.of(client);
  scene.tell(client.clientId, 'releases', packetId);
  own.state = 'releasing';
  client.acknowledge(PacketType.pubrel, packetId, 0, scene.reference.now);
  session.received.delete(packetId);
  link.control.push(`pubcomp ${packetId} 0`);
}
