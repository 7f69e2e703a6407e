import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../std/clock.ts';
import { silentLog } from '../std/log.ts';
import { AutoMode } from './auto-mode.ts';
import { pipelineLimits } from './limits.ts';

function setUp() {
  const clock = new SimulatedClock();
  const inline = { load: 0, latencyMs: 1, batches: 0 };
  const queue = { size: 0, problem: undefined as Error | undefined };
  const size = async (): Promise<number> => {
    if (queue.problem !== undefined) throw queue.problem;
    return queue.size;
  };
  const auto = new AutoMode(inline, size, clock, silentLog, pipelineLimits);
  /** A message every 50 ms; answers how they went. */
  const traffic = async (ms: number): Promise<string[]> => {
    const modes: string[] = [];
    for (let passed = 0; passed < ms; passed += 50) {
      modes.push(auto.mode());
      clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return modes;
  };
  return { inline, queue, auto, traffic };
}

test('it begins with the queue, and goes inline once that was empty for a second', async () => {
  const { auto, queue, traffic } = setUp();
  queue.size = 5;
  assert.deepEqual(new Set(await traffic(3_000)), new Set(['queued']));
  queue.size = 0;
  const modes = await traffic(2_000);
  assert.equal(modes.at(-1), 'inline');
  const queuedMs = modes.indexOf('inline') * 50;
  assert.ok(queuedMs >= 1_000 && queuedMs <= 1_500, `${queuedMs}`);
  assert.equal(auto.changes, 1);
});

test('a burst goes by the queue until the queue is empty, whatever the inline lane does meanwhile', async () => {
  const { auto, inline, queue, traffic } = setUp();
  await traffic(2_000);
  inline.load = 0.51;
  assert.equal(auto.mode(), 'queued');
  inline.load = 0;
  queue.size = 100;
  assert.deepEqual(new Set(await traffic(5_000)), new Set(['queued']));
  queue.size = 0;
  assert.equal((await traffic(2_000)).at(-1), 'inline');
  assert.equal(auto.changes, 3);
});

test('a batch that took long is a burst too', async () => {
  const { auto, inline, traffic } = setUp();
  await traffic(2_000);
  inline.batches = 1;
  inline.latencyMs = 501;
  assert.equal(auto.mode(), 'queued');
});

test('a load that trembles at the edge changes the way once and not with every message', async () => {
  const { auto, inline, traffic } = setUp();
  await traffic(2_000);
  const before = auto.changes;
  for (let i = 0; i < 40; i++) {
    inline.load = i % 2 === 0 ? 0.51 : 0.49;
    await traffic(250);
  }
  assert.equal(auto.changes - before, 1);
});

test('while nobody can say how full the queue is, messages stay with it', async () => {
  const { auto, queue, traffic } = setUp();
  queue.problem = new Error('closed');
  assert.deepEqual(new Set(await traffic(3_000)), new Set(['queued']));
  queue.problem = undefined;
  assert.equal((await traffic(2_000)).at(-1), 'inline');
  auto.stop();
});

test('a batch that took long keeps nobody from going inline again once it is over', async () => {
  const { auto, inline, traffic } = setUp();
  await traffic(2_000);
  inline.batches = 1;
  inline.latencyMs = 501;
  assert.equal(auto.mode(), 'queued');
  assert.deepEqual(new Set((await traffic(4_000)).slice(-20)), new Set(['inline']));
  inline.batches = 2;
  assert.equal(auto.mode(), 'queued');
});
