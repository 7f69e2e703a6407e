import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { droppedOf } from '../../../queue-stats.ts';
import { turns } from '../../../testing/recording-consumer.ts';
import { idOf } from './published.ts';
import type { ReferenceQueue } from './reference-queue.ts';
import { copied, type World } from './world.ts';

/** Flushes in which the reference and what is on disk come to agree on what a move or a sweep has done. */
const catchUpsMax = 4;

/** The counts of every queue are those of the reference, and nothing has come or gone otherwise. */
export function checkCounts(world: World): Promise<void> {
  return caughtUp(world, {
    problem: () => countsProblem(world),
    // What is older than another of its key is dropped when its turn comes, and the other may have gone by then.
    mayBeBehind: () =>
      world.isCatchingUp ||
      world.moves.hasEndedUntold ||
      [...world.queues.values()].some(({ values }) => values.conflates),
  });
}

interface Comparison {
  problem(): Promise<Error | undefined>;
  /** Whether a flush may make what is met what is expected. */
  mayBeBehind(): boolean;
}

/** Fails with the problem that is still there when what is behind has had its flushes. */
async function caughtUp(world: World, comparison: Comparison): Promise<void> {
  for (let turn = 0; ; turn++) {
    const mayBeBehind = comparison.mayBeBehind();
    const problem = await comparison.problem();
    if (problem === undefined) return;
    if (turn === catchUpsMax || !mayBeBehind) throw problem;
    // A batch closes when the one before is flushed, which on a disk takes more than turns.
    await world.under.commit.flushed();
    await turns(1);
    await learnArrivals(world);
  }
}

/** What moved into memory, or into the place of another value, or expired before it was written, has no row that would tell of it. */
async function learnArrivals(world: World): Promise<void> {
  for (const [name, queue] of world.queues) {
    const { durability, expired } = queue.options;
    if (durability !== 'memory' && expired !== 'drop' && !queue.values.conflates) continue;
    // What comes or goes while it looks is not looked at.
    const before = new Set(queue.messages.keys());
    const { messages } = await world.under.engine.browse(name, { from: 0, limit: 100_000 });
    const found = new Set(messages.map(({ message }) => idOf(message)));
    for (const id of found) {
      if (!before.has(id) && !queue.messages.has(id) && !world.line.arrived(id)) world.moves.arrived(id, name, false);
    }
    world.history.durably(() => {
      for (const id of before) if (!found.has(id)) world.moves.notFound(id, queue);
    });
  }
}

async function countsProblem(world: World): Promise<Error | undefined> {
  const { ready, enqueued, moved } = await world.under.engine.stats(copied);
  assert.deepEqual({ ready, enqueued, moved }, { ...world.log.counts, moved: 0 }, 'the log that is copied');
  for (const [name, queue] of world.queues) {
    const stats = await world.under.engine.stats(name);
    const base = world.base.get(name) ?? { enqueued: 0, left: 0, present: 0 };
    const left = stats.acknowledged + stats.deadLettered + stats.expired + droppedOf(stats) + stats.moved;
    const present = stats.ready + stats.leased + stats.scheduled;
    assert.equal(base.present + stats.enqueued, left + present, `${name} does not conserve its messages`);
    const met = [stats.ready, stats.leased, stats.scheduled, stats.enqueued, left];
    const { now } = world;
    const expected = [
      queue.ready(now),
      queue.leased,
      queue.scheduled(now),
      queue.enqueued - base.enqueued,
      queue.left - base.left,
    ];
    if (met.some((count, at) => count !== expected[at])) {
      const text = 'ready, leased, scheduled, enqueued, left';
      return new Error(`${text} of ${name} are ${met.join()} and should be ${expected.join()}`);
    }
    if (queue.bytes !== undefined && queue.bytes !== stats.bytes)
      return new Error(`${name} has ${stats.bytes} bytes and should have ${queue.bytes}`);
  }
  return undefined;
}

/** Every message is where the reference has it, and whoever could have one has one. */
export async function checkAll(world: World): Promise<void> {
  await world.under.commit.flushed();
  await turns();
  await checkCounts(world);
  for (const [name, queue] of world.queues) {
    await caughtUp(world, {
      problem: () => messagesProblem(world, name, queue),
      // The reference has a row when its batch begins, and browsing finds it when it is flushed.
      mayBeBehind: () => true,
    });
    checkNobodyIsForgotten(world, name, queue);
  }
  world.moves.allTold();
  await checkLog(world);
  checkNoPublishIsForgotten(world);
}

/** Whatever is copied out of it, the log has what it had. */
async function checkLog(world: World): Promise<void> {
  const { messages } = await world.under.engine.browse(copied, { from: 0, limit: 100_000 });
  const found = messages.map(({ sequence, message }) => [sequence, idOf(message)]);
  const expected = [...world.log.present.values()].map(({ sequence, id }) => [sequence, id]);
  assert.deepEqual(found, expected, 'messages of the log that is copied');
}

/** Who waits for room waits for a queue that has none. */
function checkNoPublishIsForgotten(world: World): void {
  for (const published of world.line.first) {
    const queues = published.names.map((name) => world.queue(name));
    // Of a rate nobody tells, and the room in memory is shared with others.
    if (queues.some(({ options }) => options.rateLimit.in + options.rateLimit.perKey.in > 0)) continue;
    if (queues.some(({ options }) => options.durability === 'memory')) continue;
    assert.ok(!queues.every((queue) => queue.room.takes(published)), `${published.id} waits, and its queues have room`);
  }
}

async function messagesProblem(world: World, name: string, queue: ReferenceQueue): Promise<Error | undefined> {
  const { now } = world;
  const { messages } = await world.under.engine.browse(name, { from: 0, limit: 100_000 });
  const found = messages.map(({ message, state, attempts }) => `${idOf(message)} ${state} ${attempts}`);
  const expected = [...queue.messages.values()].map(({ id, attempts, availableAt, deadline }) => {
    const state = deadline !== undefined ? 'leased' : availableAt > now ? 'scheduled' : 'ready';
    return `${id} ${state} ${attempts}`;
  });
  if (isDeepStrictEqual(found.sort(), expected.sort())) return undefined;
  return new assert.AssertionError({ message: `messages of ${name}`, actual: found, expected, operator: 'deepEqual' });
}

/** Where something could be delivered and a consumer has credit, it must have been. */
function checkNobodyIsForgotten(world: World, name: string, queue: ReferenceQueue): void {
  const { paused, maxInflight, singleActiveConsumer } = queue.options;
  if (paused || queue.leased >= maxInflight) return;
  const all = [...world.consumersOf(name)];
  const served = singleActiveConsumer ? all.filter((each) => each === world.activeOf(name)) : all;
  const waiting = served.filter(({ held, lost, credit }) => held.size + lost.length < credit);
  if (waiting.length === 0) return;
  assert.ok(
    !queue.hasDeliverable(world.now),
    `a consumer of ${name} with credit waits, and something could be delivered`,
  );
}
