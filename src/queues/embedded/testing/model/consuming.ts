import assert from 'node:assert/strict';
import { acknowledged, type Delivery } from '../../../../message.ts';
import { idOf } from './published.ts';
import type { World, WorldConsumer } from './world.ts';

export async function consume(world: World, name: string): Promise<void> {
  if (world.consumersOf(name).size >= 4) return;
  const credit = world.random.between(1, 8);
  const consumer: WorldConsumer = { name, held: new Map(), lost: [], consumption: undefined, credit };
  const { life } = world;
  world.consumersOf(name).add(consumer);
  world.begins(name, consumer);
  consumer.consumption = await world.under.engine.consume(
    name,
    {
      id: 'consumer',
      deliver: (delivery) => world.told(life, () => delivered(world, consumer, delivery)),
      ended: () => consumer.held.clear(),
    },
    { credit },
  );
}

function delivered(world: World, consumer: WorldConsumer, delivery: Delivery): void {
  const id = idOf(delivery.message);
  world.delivered(consumer.name, consumer, id, delivery.attempt);
  consumer.held.set(id, delivery);
  const taken = consumer.held.size + consumer.lost.length;
  assert.ok(taken <= consumer.credit, `a consumer with credit ${consumer.credit} got a delivery too many`);
  if (!world.random.chance(30)) return;
  consumer.held.delete(id);
  world.tell(consumer.name, id, acknowledged);
  assert.equal(delivery.settle(acknowledged), true);
}

export function settleHeld(world: World, name: string): void {
  const holding = [...world.consumersOf(name)].filter((consumer) => consumer.held.size > 0);
  if (holding.length === 0) return;
  const { held } = world.random.pick(holding);
  const [id, delivery] = world.random.pick([...held]);
  held.delete(id);
  const settlement = world.settlement();
  world.tell(name, id, settlement);
  assert.equal(delivery.settle(settlement), true, `${id} was held and could not be settled`);
  assert.equal(delivery.settle(acknowledged), false, `${id} was settled twice`);
}

export function answerLost(world: World, name: string): void {
  for (const consumer of world.consumersOf(name)) {
    const delivery = consumer.lost.pop();
    if (delivery !== undefined) assert.equal(delivery.settle(acknowledged), false);
  }
}

export function stopConsumer(world: World, name: string): void {
  const consumers = world.consumersOf(name);
  if (consumers.size === 0) return;
  const consumer = world.random.pick([...consumers]);
  consumers.delete(consumer);
  world.ends(name, consumer);
  const held = [...consumer.held];
  for (const [id] of held) world.queue(name).released(id);
  consumer.held.clear();
  consumer.consumption?.stop();
  for (const [, delivery] of held) assert.equal(delivery.settle(acknowledged), false);
  for (const delivery of consumer.lost) assert.equal(delivery.settle(acknowledged), false);
}

export function setCredit(world: World, name: string): void {
  const consumers = [...world.consumersOf(name)];
  if (consumers.length === 0) return;
  const consumer = world.random.pick(consumers);
  consumer.credit = world.random.below(10);
  consumer.consumption?.setCredit(consumer.credit);
}
