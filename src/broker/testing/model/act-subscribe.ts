import type { QoS } from '../../../message.ts';
import { PacketType } from '../../../mqtt/codec/packets.ts';
import type { ModelClient } from './model-client.ts';
import type { ReferenceLink } from './reference-session.ts';
import type { Scene } from './scene.ts';

const filters = ['a', 'a/b', '+', '#', 'a/#', 'a/+', '+/+', 'w', '$own', '$own/#'];

export function subscribe(scene: Scene, client: ModelClient): void {
  const { link, session } = scene.of(client);
  // Retained messages wait while the socket is full or the client lags, and the reference knows nothing of that.
  if (link.isStuck || session.owed.length > 20) return;
  const identifier = link.version === 5 && scene.random.chance(40) ? scene.random.between(1, 9) : undefined;
  const subscriptions = scene.random.list(1, 2, () => ({
    filter: scene.random.pick(filters),
    qos: scene.random.below(3) as QoS,
    noLocal: link.version === 5 && scene.random.chance(20),
    retainAsPublished: link.version === 5 && scene.random.chance(30),
    retainHandling: retainHandling(scene, link),
  }));
  const filtersOnce = new Set(subscriptions.map(({ filter }) => filter));
  if (filtersOnce.size < subscriptions.length) return;
  scene.tell(client.clientId, 'subscribes', identifier, subscriptions);
  const packetId = scene.random.between(1_000, 2_000);
  const properties = identifier === undefined ? undefined : { subscriptionIdentifier: identifier };
  client.send({ type: PacketType.subscribe, packetId, subscriptions, properties }, scene.reference.now);
  link.control.push(`suback ${packetId} ${subscriptions.map(({ qos }) => qos).join(' ')}`);
  for (const { retainHandling, ...subscription } of subscriptions)
    scene.reference.subscribe(session, { ...subscription, identifier }, retainHandling);
}

export function unsubscribe(scene: Scene, client: ModelClient): void {
  const { link, session } = scene.of(client);
  const filter = scene.random.pick(filters);
  const packetId = scene.random.between(1_000, 2_000);
  scene.tell(client.clientId, 'unsubscribes', filter);
  client.send(
    { type: PacketType.unsubscribe, packetId, filters: [filter], properties: undefined },
    scene.reference.now,
  );
  const code = session.subscriptions.delete(filter) ? 0 : 0x11;
  link.control.push(link.version === 5 ? `unsuback ${packetId} ${code}` : `unsuback ${packetId}`);
}

/** Retained messages come in any order: which of those that are too large were dropped when the window was full, nobody can know. */
function retainHandling(scene: Scene, { version, packetBytesMax }: ReferenceLink): 0 | 1 | 2 {
  if (version === 4) return 0;
  return packetBytesMax < Number.POSITIVE_INFINITY ? 2 : scene.random.pick([0, 1, 2] as const);
}
