import assert from 'node:assert/strict';
import { acknowledged, type Delivery } from '../../../../../message.ts';
import type { GroupStart } from '../../../../group-start.ts';
import { parseGroupStart } from '../../../../group-start.ts';
import { startByChance, whenGroupIsMade } from './log-seeking.ts';
import type { LogConsumer, LogWorld } from './log-world.ts';

/** A consumer of the group comes, which makes it where there is none. */
export async function consume(world: LogWorld, name: string): Promise<void> {
  if (world.consumersOf(name).length >= 3) return;
  const credit = world.random.between(1, 8);
  const start = world.random.chance(50) ? startByChance(world) : undefined;
  const consumer: LogConsumer = { group: name, held: new Map(), lost: [], consumption: undefined, credit };
  const { life, under } = world;
  const deliver = (delivery: Delivery): void => world.told(life, () => delivered(world, consumer, delivery));
  const ended = (): void => consumer.held.clear();
  if (!world.log.groups.has(name)) void whenGroupIsMade(world, name, start ?? defaultStart(world));
  const consuming = under.engine.consume('log', { id: 'consumer', deliver, ended }, { credit, group: name, start });
  world.consumers.add(consumer);
  consumer.consumption = await consuming;
  world.attendance(name);
}

function defaultStart(world: LogWorld): GroupStart {
  return parseGroupStart(world.log.options.group.start) ?? 'latest';
}

function delivered(world: LogWorld, consumer: LogConsumer, delivery: Delivery): void {
  const { sequence } = delivery;
  world.delivered(consumer.group, sequence, delivery.message.payload.toString(), delivery.attempt);
  consumer.held.set(sequence, delivery);
  const taken = consumer.held.size + consumer.lost.length;
  assert.ok(taken <= consumer.credit, `a consumer with credit ${consumer.credit} got a delivery too many`);
  if (!world.random.chance(30)) return;
  consumer.held.delete(sequence);
  world.tell(consumer.group, sequence, acknowledged);
  assert.equal(delivery.settle(acknowledged), true);
}

export function settleHeld(world: LogWorld, name: string): void {
  for (let count = world.random.between(1, 4); count > 0; count--) settleOne(world, name);
}

function settleOne(world: LogWorld, name: string): void {
  const holding = world.consumersOf(name).filter(({ held }) => held.size > 0);
  if (holding.length === 0) return;
  const { held } = world.random.pick(holding);
  const [sequence, delivery] = world.random.pick([...held]);
  held.delete(sequence);
  const settlement = world.settlement();
  world.tell(name, sequence, settlement);
  assert.equal(delivery.settle(settlement), true, `${sequence} was held and could not be settled`);
  assert.equal(delivery.settle(acknowledged), false, `${sequence} was settled twice`);
}

export function answerLost(world: LogWorld, name: string): void {
  for (const consumer of world.consumersOf(name)) {
    const delivery = consumer.lost.pop();
    if (delivery !== undefined) assert.equal(delivery.settle(acknowledged), false);
  }
}

export function stopConsumer(world: LogWorld, name: string): void {
  const consumers = world.consumersOf(name);
  if (consumers.length === 0) return;
  stop(world, world.random.pick(consumers));
}

/** What it holds goes back. */
export function stop(world: LogWorld, consumer: LogConsumer): void {
  world.consumers.delete(consumer);
  const held = [...consumer.held];
  for (const [sequence] of held) world.group(consumer.group).released(sequence);
  consumer.held.clear();
  consumer.consumption?.stop();
  world.attendance(consumer.group);
  for (const [, delivery] of held) assert.equal(delivery.settle(acknowledged), false);
  for (const delivery of consumer.lost) assert.equal(delivery.settle(acknowledged), false);
}
