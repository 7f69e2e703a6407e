import assert from 'node:assert/strict';
import type { SluiceError } from '../../../../errors.ts';
import type { Message, ReceiptWaiter, UserProperty } from '../../../../message.ts';
import { messageOf } from '../../../testing/recording-consumer.ts';
import { encodeRecord } from '../../record.ts';
import { digitOf, idOf, keyOf, type Published, priorityOf } from './published.ts';
import type { World } from './world.ts';

const bindings: Readonly<Record<string, readonly string[]>> = { 't/a': ['a', 'b'], 't/both': ['a', 'b'], 't/b': ['b'] };

/** What a message says of itself. */
type Asking = Pick<Published, 'id' | 'receivedAt' | 'deduplicationId' | 'expirySeconds' | 'delayMs'>;

/** So that a purge is one step, and a run stays fast. */
const backlogMax = 200;

export async function publish(world: World): Promise<void> {
  const topic = world.random.pick(Object.keys(bindings));
  const queues = bindings[topic].map((name) => world.queue(name));
  if (queues.some(({ messages }) => messages.size > backlogMax) || world.line.all.length > backlogMax) return;
  if (bindings[topic].some((name) => isDropUncertain(world, name))) return;
  for (let count = world.random.between(1, 12); count > 0; count--) {
    publishOne(world, topic, bindings[topic]);
    world.published++;
    if (queues.some(({ room }) => room.hasUnknownDrops)) break;
  }
  for (const name of bindings[topic]) await learnDrops(world, name);
}

/** Whether what goes to make room could not be told from what moves or expires. */
function isDropUncertain(world: World, name: string): boolean {
  const queue = world.queue(name);
  return queue.options.overflow.startsWith('drop') && (world.moves.takeFrom(name) || queue.hasOverdue(world.now));
}

/** To all that are bound, or to none. */
function publishOne(world: World, topic: string, names: readonly string[]): void {
  const { message, ...sent } = messageByChance(world, topic);
  const published: Published = { ...sent, names, bytes: encodeRecord(message, world.now).length, at: world.now };
  const answer = world.answerTo(published);
  const receipt = new Receipt(world, published);
  world.line.join(published);
  world.offered = published.id;
  assert.equal(world.under.engine.route(topic)?.admit(message, receipt, 0), true);
  world.offered = undefined;
  const met = receipt.isHeld ? 'waits' : receipt.isRefused ? 'refused' : 'in';
  if (!answer.isUncertain) assert.equal(met, answer.kind, `what became of ${published.id}`);
  if (met === 'in') world.line.arrived(published.id);
}

export function messageByChance(world: World, topic: string): Asking & { readonly message: Message } {
  const { random, published } = world;
  const asking: Asking = {
    id: `m${published}`,
    receivedAt: world.nextReceivedAt(),
    deduplicationId: random.chance(20) ? `d${random.below(20)}` : undefined,
    expirySeconds: random.chance(8) ? random.between(1, 40) : undefined,
    delayMs: random.chance(8) ? random.between(0, 20_000) : undefined,
  };
  const userProperties = [...userPropertiesOf(asking), ['padding', '-'.repeat(random.below(200))] as const];
  const properties = { userProperties, messageExpiryInterval: asking.expirySeconds };
  return { ...asking, message: messageOf(asking.id, { topic, properties, receivedAt: asking.receivedAt }) };
}

/** Which messages were dropped where the reference cannot say. */
async function learnDrops(world: World, name: string): Promise<void> {
  const queue = world.queue(name);
  if (!queue.room.hasUnknownDrops) return;
  // What comes while it looks is not looked at.
  const before = [...queue.messages.keys()];
  const { messages } = await world.under.engine.browse(name, { from: 0, limit: 100_000 });
  const left = new Set(messages.map(({ message }) => idOf(message)));
  world.history.durably(() => queue.room.foundGone(before.filter((id) => queue.messages.has(id) && !left.has(id))));
}

function userPropertiesOf({ id, delayMs, deduplicationId }: Asking): UserProperty[] {
  const key = keyOf(id);
  const priority = priorityOf(id);
  return [
    ['digit', digitOf(id)],
    ...(key === undefined ? [] : [['key', key] as const]),
    ...(priority === undefined ? [] : [['sluice-priority', String(priority)] as const]),
    ...(delayMs === undefined ? [] : [['sluice-delay', String(delayMs)] as const]),
    ...(deduplicationId === undefined ? [] : [['sluice-dedup-id', deduplicationId] as const]),
  ];
}

/** What was promised is on disk, or has come and gone before it had to be written. */
class Receipt implements ReceiptWaiter {
  readonly #world: World;
  readonly #published: Published;
  readonly #life: number;
  isRefused = false;
  isHeld = false;

  constructor(world: World, published: Published) {
    this.#world = world;
    this.#published = published;
    this.#life = world.life;
  }

  held(): void {
    this.isHeld = true;
  }

  receipt(_tag: number, failure: SluiceError | undefined, outcome?: string): void {
    this.isRefused = failure !== undefined;
    this.#world.told(this.#life, () => this.#check(failure, outcome));
  }

  #check(failure: SluiceError | undefined, outcome: string | undefined): void {
    const world = this.#world;
    const { id, names } = this.#published;
    world.receipts++;
    if (failure !== undefined) {
      assert.ok(world.line.has(id), `${id} was refused and is in a queue`);
      assert.ok(['queue_full', 'quota_exceeded', 'unavailable'].includes(failure.code), failure.message);
      world.line.leave(id);
      return;
    }
    if (outcome === undefined || world.line.has(id)) world.line.arrived(id, outcome === 'duplicate');
    const takers = world.takersOf(id);
    world.forgetTakers(id);
    assert.equal(outcome === 'duplicate', takers?.names.length === 0, `${id} was told ${outcome}`);
    if (takers === undefined || world.history.isDurable(takers.transaction)) return;
    if (!names.some((name) => takers.names.includes(name) && world.queue(name).options.durability === 'sync')) return;
    for (const [name, queue] of world.queues) {
      // It may be what was dropped, before it was written.
      if (queue.messages.get(id)?.isWritten !== true || queue.room.hasUnknownDrops || queue.mayBeDropped(id)) continue;
      assert.fail(`${id} was acknowledged and ${name} would lose it`);
    }
  }
}
