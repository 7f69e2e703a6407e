import { PacketType } from '../../../mqtt/codec/packets.ts';
import { testLimits } from '../broker-fixture.ts';
import type { ModelClient } from './model-client.ts';
import type { Scene } from './scene.ts';

export function ping(scene: Scene, client: ModelClient): void {
  client.send({ type: PacketType.pingreq }, scene.reference.now);
  scene.of(client).link.control.push('pingresp');
}

export function stick(scene: Scene, client: ModelClient): void {
  const { link } = scene.of(client);
  if (client.memory === undefined) return;
  scene.tell(client.clientId, 'takes nothing any more');
  client.memory.stuckBytes = testLimits.outputBytesMax + 1;
  link.isStuck = true;
}

export function drain(scene: Scene, client: ModelClient): void {
  const { link } = scene.of(client);
  if (client.memory === undefined || !link.isStuck) return;
  scene.tell(client.clientId, 'takes what waited');
  client.memory.stuckBytes = 0;
  link.isStuck = false;
  client.memory.drained();
}
