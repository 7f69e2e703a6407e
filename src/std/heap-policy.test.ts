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
  usualShrinks,
  windowMs,
} from './heap-policy.ts';

class PlayedHeap implements Heap {
  taken = 0;
  used = 0;
  busy = 0;
  shrinks = 0;
  percent = 0;
  collections = 0;
  /** What is taken after a collection. */
  settled = 0;

  size(): ReturnType<Heap['size']> {
    return { taken: this.taken, used: this.used };
  }

  utilization(): number {
    return this.busy;
  }

  shrinkByItself(times: number): void {
    this.shrinks = times;
  }

  growBy(percent: number): void {
    this.percent = percent;
  }

  shrink(): void {
    this.collections++;
    this.taken = this.settled;
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
  assert.equal(heap.shrinks, 0);
});

test('a quiet window gives back once, and again only after the heap has grown', () => {
  const { heap, window } = watched();
  heap.taken = grown;
  heap.settled = grown / 2;
  window();
  assert.equal(heap.collections, 1);
  heap.taken = grown / 2 + growthBytesMin;
  for (let windows = 0; windows < 10; windows++) window();
  assert.equal(heap.collections, 1);
  heap.taken = grown / 2 + grown;
  window();
  assert.equal(heap.collections, 2);
  assert.equal(heap.shrinks, 0);
});

test('a heap that is large is left to V8, as long as it is', () => {
  const { heap, window } = watched();
  assert.equal(heap.percent, growthPercent);
  heap.taken = 2 * steeredBytesMax;
  heap.used = steeredBytesMax + 1;
  window();
  assert.equal(heap.collections, 0);
  assert.equal(heap.shrinks, usualShrinks);
  assert.equal(heap.percent, usualGrowth);
  heap.used = steeredBytesMax;
  heap.busy = 1;
  window();
  assert.equal(heap.percent, growthPercent);
});

test('a stop leaves V8 as it was', () => {
  const { heap, policy, window } = watched();
  policy.stop();
  assert.equal(heap.shrinks, usualShrinks);
  assert.equal(heap.percent, usualGrowth);
  heap.taken = grown;
  window();
  assert.equal(heap.collections, 0);
});
