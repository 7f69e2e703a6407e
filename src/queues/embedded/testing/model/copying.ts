import assert from 'node:assert/strict';
import type { SluiceError } from '../../../../errors.ts';
import type { GroupStart } from '../../../group-start.ts';
import { overflowsOf } from './options-by-chance.ts';
import { expiryOf } from './published.ts';
import { messageByChance } from './publishing.ts';
import { copied, parked, type World } from './world.ts';

const runningMax = 3;
/** Fewer than a status lists of those that were skipped. */
const logMessagesMax = 80;
const targetMessagesMax = 200;

/** Into the log. */
export function append(world: World): void {
  if (world.log.present.size >= logMessagesMax) return;
  for (let count = world.random.between(1, 6); count > 0; count--) appendOne(world);
}

function appendOne(world: World): void {
  const { log, history, now, life } = world;
  const { message, ...sent } = messageByChance(world, copied);
  world.published++;
  log.append({ id: sent.id, at: now, expiresAt: expiryOf(sent) });
  const { transaction } = history;
  const receipt = (_tag: number, failure: SluiceError | undefined): void =>
    world.told(life, () => {
      world.receipts++;
      assert.equal(failure, undefined);
      assert.ok(history.isDurable(transaction), `${sent.id} was acknowledged, and the log would lose it`);
    });
  assert.equal(world.under.engine.route(copied)?.admit(message, { receipt }, 0), true);
}

/** All of the log or a part, all messages or some, and some of these slowly. */
export function copy(world: World): Promise<void> | undefined {
  const { random, copies, overflows } = world;
  const to = random.pick(['a', 'b', parked]);
  // What is parked goes there.
  const { values } = world.queue(to === parked ? 'a' : to);
  if (copies.running.size >= runningMax || world.queue(to).messages.size > targetMessagesMax) return undefined;
  // A publish that waited takes the place of whatever came meanwhile, and nothing tells which of two was first.
  if (values.conflates && overflows === overflowsOf.waiting) return undefined;
  // Of two copies of one message nothing says which is the newer value.
  const isOnce = values.conflates || random.chance(30);
  const isMarked = !isOnce || random.chance(50);
  return copies.start({
    from: copied,
    to,
    ...(isOnce ? copies.uncopiedPart(to) : { start: placeByChance(world), end: endByChance(world) }),
    digit: random.chance(60) ? undefined : String(random.below(10)),
    rate: random.chance(40) ? random.pick([5, 50, 1_000]) : undefined,
    limit: random.chance(20) ? random.between(1, 20) : undefined,
    isMarked,
    isSpared: isMarked && random.chance(20),
  });
}

/** What runs or may be resumed is purged with it. */
export async function purgeLog(world: World): Promise<void> {
  const { log, copies, under } = world;
  if (copies.running.size > 0) return;
  const { size } = log.present;
  assert.equal(await under.engine.purge(copied), size);
  log.purged();
}

function endByChance(world: World): GroupStart {
  return world.random.chance(60) ? 'latest' : placeByChance(world);
}

function placeByChance({ random, log, now }: World): GroupStart {
  return random.choose<GroupStart>([
    [3, 'earliest'],
    [1, 'latest'],
    [2, { sequence: random.between(0, log.next + 3) }],
    [2, { timeMs: now - random.below(40_000) }],
  ]);
}
