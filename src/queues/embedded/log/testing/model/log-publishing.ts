import assert from 'node:assert/strict';
import type { UserProperty } from '../../../../../message.ts';
import { messageOf } from '../../../../testing/recording-consumer.ts';
import { encodeRecord } from '../../../record.ts';
import { keyOf } from '../../../testing/model/published.ts';
import { type LogEntry, otherKeyOf } from './log-entry.ts';
import type { LogWorld } from './log-world.ts';

/** So that a look at all of it is fast. */
const presentMax = 300;

export function publish(world: LogWorld): void {
  if (world.log.present.size > presentMax) return;
  for (let count = world.random.between(1, 15); count > 0; count--) publishOne(world);
}

function publishOne(world: LogWorld): void {
  const { random, life } = world;
  const id = `m${world.published++}`;
  const expirySeconds = random.chance(8) ? random.between(1, 40) : undefined;
  const properties = { userProperties: userPropertiesOf(world, id), messageExpiryInterval: expirySeconds };
  const message = messageOf(id, { topic: 'log', properties, receivedAt: world.now });
  const expiresAt = expirySeconds === undefined ? Number.POSITIVE_INFINITY : world.now + expirySeconds * 1_000;
  const entry = world.log.append(id, encodeRecord(message, world.now).length, expiresAt);
  const isSync = world.log.options.durability === 'sync';
  const receipt = { receipt: () => world.told(life, () => received(world, entry, isSync)) };
  assert.equal(world.under.engine.route('log')?.admit(message, receipt, 0), true);
}

function received(world: LogWorld, entry: LogEntry, isSync: boolean): void {
  world.receipts++;
  const isDurable = world.history.isDurable(entry.transaction);
  assert.ok(isDurable || !isSync, `${entry.id} was acknowledged, and a power cut would lose it`);
}

function userPropertiesOf({ random }: LogWorld, id: string): UserProperty[] {
  const [key, other] = [keyOf(id), otherKeyOf(id)];
  return [
    ...(key === undefined ? [] : [['key', key] as const]),
    ...(other === undefined ? [] : [['other', other] as const]),
    ['padding', '-'.repeat(random.below(200))],
  ];
}
