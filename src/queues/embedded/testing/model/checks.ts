import assert from 'node:assert/strict';
import { droppedOf } from '../../../queue-stats.ts';
import { turns } from '../../../testing/recording-consumer.ts';
import type { ReferenceQueue } from './reference-queue.ts';
import type { World } from './world.ts';

/** The counts of every queue are those of the reference, and nothing has come or gone otherwise. */
export async function checkCounts(world: World): Promise<void> {
  const { now } = world;
  for (const [name, queue] of world.queues) {
    const stats = await world.under.engine.stats(name);
    const base = world.base.get(name) ?? { enqueued: 0, left: 0 };
    const left = stats.acknowledged + stats.deadLettered + stats.expired + droppedOf(stats) + stats.moved;
    assert.deepEqual(
      { ready: stats.ready, leased: stats.leased, scheduled: stats.scheduled, enqueued: stats.enqueued, left },
      {
        ready: queue.ready(now),
        leased: queue.leased,
        scheduled: queue.scheduled(now),
        enqueued: queue.enqueued - base.enqueued,
        left: queue.left - base.left,
      },
      `counts of ${name}`,
    );
  }
}

/** Every message is where the reference has it, and whoever could have one has one. */
export async function checkAll(world: World): Promise<void> {
  await world.under.commit.flushed();
  await turns();
  await checkCounts(world);
  for (const [name, queue] of world.queues) {
    await checkMessages(world, name, queue);
    checkNobodyIsForgotten(world, name, queue);
  }
}

async function checkMessages(world: World, name: string, queue: ReferenceQueue): Promise<void> {
  const { now } = world;
  const { messages } = await world.under.engine.browse(name, { from: 0, limit: 100_000 });
  const found = messages.map(({ message, state, attempts }) => `${message.payload} ${state} ${attempts}`);
  const expected = [...queue.messages.values()].map(({ id, attempts, availableAt, deadline }) => {
    const state = deadline !== undefined ? 'leased' : availableAt > now ? 'scheduled' : 'ready';
    return `${id} ${state} ${attempts}`;
  });
  assert.deepEqual(found.sort(), expected.sort(), `messages of ${name}`);
}

/** Where something is ready and a consumer has credit, it must have been delivered. */
function checkNobodyIsForgotten(world: World, name: string, queue: ReferenceQueue): void {
  const { paused, maxInflight } = queue.options;
  const ready = queue.ready(world.now);
  if (paused || queue.leased >= maxInflight || ready === 0) return;
  for (const { held, lost, credit } of world.consumersOf(name)) {
    assert.ok(held.size + lost.length >= credit, `a consumer of ${name} with credit waits, and ${ready} are ready`);
  }
}
