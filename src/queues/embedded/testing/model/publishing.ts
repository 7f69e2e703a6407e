import assert from 'node:assert/strict';
import { SluiceError } from '../../../../errors.ts';
import type { ReceiptWaiter, UserProperty } from '../../../../message.ts';
import { messageOf } from '../../../testing/recording-consumer.ts';
import { keyOf } from './reference-queue.ts';
import type { World } from './world.ts';

const bindings: Readonly<Record<string, readonly string[]>> = { 't/a': ['a', 'b'], 't/both': ['a', 'b'], 't/b': ['b'] };

/** So that a purge is one step, and a run stays fast. */
const backlogMax = 200;

export function publish(world: World): void {
  const topic = world.random.pick(Object.keys(bindings));
  if (bindings[topic].some((name) => world.queue(name).messages.size > backlogMax)) return;
  for (let count = world.random.between(1, 12); count > 0; count--) publishOne(world, topic, bindings[topic]);
}

/** To all that are bound, or to none. */
function publishOne(world: World, topic: string, names: readonly string[]): void {
  const id = `m${world.published++}`;
  const { random, now } = world;
  const expirySeconds = random.chance(8) ? random.between(1, 40) : undefined;
  const delayMs = random.chance(8) ? random.between(0, 20_000) : undefined;
  const admitted = names.every((name) => world.queue(name).hasRoom);
  if (admitted) for (const name of names) enqueue(world, name, id, expirySeconds, delayMs);
  const properties = { userProperties: userPropertiesOf(id, delayMs), messageExpiryInterval: expirySeconds };
  const message = messageOf(id, { topic, properties, receivedAt: now });
  const waiter = new Receipt(world, id, admitted);
  assert.equal(world.under.engine.route(topic)?.admit(message, waiter, 0), true);
}

function enqueue(world: World, name: string, id: string, expirySeconds?: number, delayMs?: number): void {
  const queue = world.queue(name);
  const delay = delayMs ?? queue.options.delayMs;
  const expiresAt = expirySeconds === undefined ? Number.POSITIVE_INFINITY : world.now + expirySeconds * 1_000;
  queue.enqueue(id, delay === 0, expiresAt, delay === 0 ? 0 : world.now + delay);
}

function userPropertiesOf(id: string, delayMs: number | undefined): UserProperty[] {
  const key = keyOf(id);
  return [
    ['digit', id.slice(-1)],
    ...(key === undefined ? [] : [['key', key] as const]),
    ...(delayMs === undefined ? [] : [['sluice-delay', String(delayMs)] as const]),
  ];
}

/** What was promised is on disk, or has come and gone before it had to be written. */
class Receipt implements ReceiptWaiter {
  readonly #world: World;
  readonly #id: string;
  readonly #admitted: boolean;
  readonly #life: number;
  readonly #transaction: number;

  constructor(world: World, id: string, admitted: boolean) {
    this.#world = world;
    this.#id = id;
    this.#admitted = admitted;
    this.#life = world.life;
    this.#transaction = world.history.transaction;
  }

  receipt(_tag: number, failure: SluiceError | undefined): void {
    this.#world.told(this.#life, () => this.#check(failure));
  }

  #check(failure: SluiceError | undefined): void {
    const { history, queues } = this.#world;
    this.#world.receipts++;
    if (!this.#admitted) {
      assert.ok(failure instanceof SluiceError && failure.code === 'queue_full', `${this.#id} went into a full queue`);
      return;
    }
    assert.equal(failure, undefined);
    if (history.isDurable(this.#transaction)) return;
    for (const [name, { messages }] of queues) {
      assert.ok(!messages.has(this.#id), `${this.#id} was acknowledged and ${name} would lose it`);
    }
  }
}
