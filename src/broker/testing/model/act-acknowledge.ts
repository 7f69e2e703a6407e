import assert from 'node:assert/strict';
import { PacketType } from '../../../mqtt/codec/packets.ts';
import type { ModelClient } from './model-client.ts';
import type { Scene } from './scene.ts';

/** PUBACK or PUBREC for one of those that came, not always in their order. */
export function answer(scene: Scene, client: ModelClient): void {
  const { link, session } = scene.of(client);
  if (client.unanswered.length === 0) return;
  const at = scene.random.chance(60) ? 0 : scene.random.below(client.unanswered.length);
  const [{ packetId, qos }] = client.unanswered.splice(at, 1);
  const owed = session.owed.find((one) => one.packetId === packetId && one.state === 'sent');
  assert.ok(owed, `packet id ${packetId} is under way`);
  const code = link.version === 5 && scene.random.chance(5) ? 0x80 : 0;
  scene.tell(client.clientId, 'answers', packetId, `qos ${qos}`, code);
  client.acknowledge(qos === 1 ? PacketType.puback : PacketType.pubrec, packetId, code, scene.reference.now);
  if (qos === 2 && code === 0) {
    owed.state = 'released';
    link.control.push(`pubrel ${packetId} 0`);
  } else {
    session.done(owed);
    client.refuses(packetId);
  }
}

export function complete(scene: Scene, client: ModelClient): void {
  const { session } = scene.of(client);
  const packetId = client.uncompleted.shift();
  if (packetId === undefined) return;
  scene.tell(client.clientId, 'completes', packetId);
  client.acknowledge(PacketType.pubcomp, packetId, 0, scene.reference.now);
  const owed = session.owed.find((one) => one.packetId === packetId && one.state === 'released');
  if (owed !== undefined) session.done(owed);
}

export function answerWhatWasNotAsked(scene: Scene, client: ModelClient): void {
  const { link } = scene.of(client);
  const { now } = scene.reference;
  client.acknowledge(PacketType.puback, 60_000, 0, now);
  client.acknowledge(PacketType.pubcomp, 60_001, 0, now);
  client.acknowledge(PacketType.pubrec, 60_002, 0, now);
  client.acknowledge(PacketType.pubrel, 60_003, 0, now);
  link.control.push('pubrel 60002 0', 'pubcomp 60003 0');
}
