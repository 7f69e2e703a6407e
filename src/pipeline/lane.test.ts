import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../std/clock.ts';
import { TestAcceptance } from '../std/testing/test-acceptance.ts';
import { Lane, type LaneParts } from './lane.ts';

/** A lane whose turns and batches end when the test says so. */
function testLane(limits: { batchMessagesMax: number; batchesInWorkMax: number }, parts: LaneParts = {}) {
  const begun: { batch: readonly number[]; end: () => void }[] = [];
  const finished: number[] = [];
  const turns: (() => void)[] = [];
  const lane = new Lane<number>(
    (batch) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      begun.push({ batch, end: resolve });
      return promise;
    },
    (batch) => finished.push(...batch),
    { ...limits, holdMsMax: 50 },
    { ...parts, defer: (run) => turns.push(run) },
  );
  const endTurn = (): void => {
    for (const run of turns.splice(0)) run();
  };
  return { lane, begun, finished, endTurn };
}

test('what comes in one turn is one batch', () => {
  const { lane, begun, endTurn } = testLane({ batchMessagesMax: 10, batchesInWorkMax: 2 });
  for (const work of [1, 2, 3]) lane.push(work);
  assert.equal(begun.length, 0);
  endTurn();
  assert.deepEqual(begun[0].batch, [1, 2, 3]);
});

test('a full batch begins without waiting for the end of the turn', () => {
  const { lane, begun } = testLane({ batchMessagesMax: 2, batchesInWorkMax: 2 });
  for (const work of [1, 2, 3]) lane.push(work);
  assert.deepEqual(
    begun.map(({ batch }) => batch),
    [[1, 2]],
  );
});

test('while all batches are busy the next one fills, and begins when one ends', async () => {
  const { lane, begun, finished, endTurn } = testLane({ batchMessagesMax: 3, batchesInWorkMax: 1 });
  for (const work of [1, 2, 3, 4, 5]) lane.push(work);
  endTurn();
  assert.equal(begun.length, 1);
  assert.equal(lane.size, 5);
  begun[0].end();
  const idle = lane.idle();
  await settled();
  assert.deepEqual(begun[1].batch, [4, 5]);
  begun[1].end();
  await idle;
  assert.deepEqual(finished, [1, 2, 3, 4, 5]);
  assert.equal(lane.size, 0);
});

test('batches finish in the order in which they began, also when a later one is ready first', async () => {
  const { lane, begun, finished } = testLane({ batchMessagesMax: 1, batchesInWorkMax: 2 });
  lane.push(1);
  lane.push(2);
  begun[1].end();
  await settled();
  assert.deepEqual(finished, []);
  begun[0].end();
  await lane.idle();
  assert.deepEqual(finished, [1, 2]);
});

test('whoever is told of the end of a batch finds its room free', async () => {
  const sizes: number[] = [];
  const lane: Lane<number> = new Lane<number>(
    async () => undefined,
    () => {
      sizes.push(lane.size);
      if (sizes.length === 1) lane.push(2);
    },
    { batchMessagesMax: 1, batchesInWorkMax: 1, holdMsMax: 50 },
  );
  lane.push(1);
  await lane.idle();
  assert.deepEqual(sizes, [0, 0]);
});

test('works wait while others are accepted, and are one batch when those are safe', () => {
  const acceptance = new TestAcceptance();
  const { lane, begun, endTurn } = testLane({ batchMessagesMax: 10, batchesInWorkMax: 2 }, { acceptance });
  lane.push(1);
  endTurn();
  assert.equal(begun.length, 0);
  lane.push(2);
  acceptance.answer();
  endTurn();
  assert.equal(begun.length, 0);
  acceptance.isBusy = false;
  acceptance.answer();
  endTurn();
  assert.deepEqual(
    begun.map(({ batch }) => batch),
    [[1, 2]],
  );
});

test('a full batch waits for what is accepted too, and no work for longer than the bound', () => {
  let now = 0;
  const acceptance = new TestAcceptance();
  const parts = { acceptance, monotonicMs: () => now };
  const { lane, begun, endTurn } = testLane({ batchMessagesMax: 2, batchesInWorkMax: 2 }, parts);
  lane.push(1);
  now = 49;
  for (const work of [2, 3]) lane.push(work);
  endTurn();
  acceptance.answer();
  endTurn();
  assert.equal(begun.length, 0);
  now = 50;
  acceptance.answer();
  endTurn();
  assert.deepEqual(
    begun.map(({ batch }) => batch),
    [[1, 2], [3]],
  );
});

test('a flush that takes longer than the bound holds no work for longer, and works keep their order', () => {
  const clock = new SimulatedClock();
  const acceptance = new TestAcceptance();
  const parts = { acceptance, clock, monotonicMs: () => clock.now() };
  const { lane, begun, endTurn } = testLane({ batchMessagesMax: 10, batchesInWorkMax: 2 }, parts);
  lane.push(1);
  endTurn();
  clock.advance(49);
  lane.push(2);
  endTurn();
  assert.equal(begun.length, 0);
  clock.advance(1);
  endTurn();
  lane.push(3);
  acceptance.answer();
  acceptance.isBusy = false;
  endTurn();
  assert.deepEqual(
    begun.map(({ batch }) => batch),
    [[1, 2], [3]],
  );
});

test('a full batch that nobody is accepted beside begins without waiting for the end of the turn', () => {
  const acceptance = new TestAcceptance();
  acceptance.isBusy = false;
  const { lane, begun } = testLane({ batchMessagesMax: 2, batchesInWorkMax: 2 }, { acceptance });
  for (const work of [1, 2]) lane.push(work);
  assert.deepEqual(begun[0].batch, [1, 2]);
});

/** Is busy, and flushes, when the test says so. */
/** Lets every promise that can go on do so. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
