import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from './clock.ts';
import {
  growthBytesMin,
  growthPercent,
  type Heap,
  HeapPolicy,
  quietUtilizationMax,
  steeredBytesMax,
  usualGrowth,
  usualShrinkDelayMs,
  windowMs,
} from './heap-policy.ts';

class PlayedHeap implements Heap {
  taken = 0;
  used = 0;
  busy = 0;
  delayMs = 0;
  percent = 0;
  collections = 0;

  size(): ReturnType<Heap['size']> {
    return { taken: this.taken, used: this.used };
  }

  utilization(): number {
    return this.busy;
  }

  shrinkAfter(delayMs: number): void {
    this.delayMs = delayMs;
  }

  growBy(percent: number): void {
    this.percent = percent;
  }

  collect(): void {
    this.collections++;
  }
}

function watched() {
  const clock = new SimulatedClock();
  const heap = new PlayedHeap();
  const policy = new HeapPolicy(clock, heap);
  policy.start();
  return { heap, policy, window: () => clock.advance(windowMs) };
}

const grown = growthBytesMin + 1;

test('nothing is given back while there is work, however much was taken', () => {
  const { heap, window } = watched();
  heap.taken = 100 * grown;
  heap.busy = quietUtilizationMax;
  for (let windows = 0; windows < 10; windows++) window();
  assert.equal(heap.collections, 0);
  assert.ok(heap.delayMs > 60 * 60 * 1000, `V8 would begin by itself after ${heap.delayMs} ms`);
});

test('a quiet window gives back once, and again only after the heap has grown', () => {
  const { heap, window } = watched();
  heap.taken = grown;
  window();
  assert.equal(heap.collections, 1);
  assert.ok(
    heap.delayMs < windowMs,
    `V8 begins ${heap.delayMs} ms after the collection, and the window is over before`,
  );
  heap.taken = grown / 2;
  for (let windows = 0; windows < 10; windows++) window();
  assert.equal(heap.collections, 1);
  heap.taken = grown / 2 + grown;
  window();
  assert.equal(heap.collections, 2);
});

test('a heap that is large is left to V8, as long as it is', () => {
  const { heap, window } = watched();
  assert.equal(heap.percent, growthPercent);
  heap.taken = 2 * steeredBytesMax;
  heap.used = steeredBytesMax + 1;
  window();
  assert.equal(heap.collections, 0);
  assert.equal(heap.delayMs, usualShrinkDelayMs);
  assert.equal(heap.percent, usualGrowth);
  heap.used = steeredBytesMax;
  heap.busy = 1;
  window();
  assert.equal(heap.percent, growthPercent);
});

test('a stop leaves V8 as it was', () => {
  const { heap, policy, window } = watched();
  policy.stop();
  assert.equal(heap.delayMs, usualShrinkDelayMs);
  assert.equal(heap.percent, usualGrowth);
  heap.taken = grown;
  window();
  assert.equal(heap.collections, 0);
});
