import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from './clock.ts';
import {
  goneConnectionsMin,
  growthBytesMin,
  growthPercent,
  type Heap,
  HeapPolicy,
  quietUtilizationMax,
  quietWindowsMin,
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
  const connected = { count: 0 };
  const policy = new HeapPolicy(() => connected.count, clock, heap);
  policy.start();
  return {
    heap,
    policy,
    connected,
    window: () => clock.advance(windowMs),
    minute: () => clock.advance(quietWindowsMin * windowMs),
  };
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

test('a quiet minute gives back once, and again only after the heap has grown', () => {
  const { heap, minute } = watched();
  heap.taken = grown;
  heap.settled = grown / 2;
  minute();
  assert.equal(heap.collections, 1);
  heap.taken = grown / 2 + growthBytesMin;
  for (let minutes = 0; minutes < 10; minutes++) minute();
  assert.equal(heap.collections, 1);
  heap.taken = grown / 2 + grown;
  minute();
  assert.equal(heap.collections, 2);
  assert.equal(heap.shrinks, 0);
});

test('bursts that come within a minute keep what they have taken', () => {
  const { heap, connected, window } = watched();
  heap.taken = 100 * grown;
  for (let bursts = 0; bursts < 10; bursts++) {
    heap.busy = 1;
    connected.count = 100;
    window();
    heap.busy = 0;
    connected.count = 0;
    for (let windows = 1; windows < quietWindowsMin; windows++) window();
  }
  assert.equal(heap.collections, 0);
  window();
  assert.equal(heap.collections, 1);
});

test('where connections have come and stay, the first quiet window gives back', () => {
  const { heap, connected, window } = watched();
  heap.taken = grown;
  connected.count = 15_000;
  window();
  assert.equal(heap.collections, 1);
  heap.taken = 2 * grown;
  connected.count = 14_000;
  window();
  assert.equal(heap.collections, 1, 'fewer are none that have come');
  connected.count = 14_001;
  window();
  assert.equal(heap.collections, 2);
});

test('what many connections took is given back a quiet minute after they have gone, once', () => {
  const { heap, connected, window, minute } = watched();
  heap.taken = 10 * grown;
  heap.settled = 9 * grown;
  connected.count = 3 * goneConnectionsMin;
  window();
  assert.equal(heap.collections, 1);
  connected.count = 2 * goneConnectionsMin + 1;
  minute();
  assert.equal(heap.collections, 1, 'few have gone');
  connected.count = goneConnectionsMin;
  heap.settled = grown;
  heap.busy = 1;
  window();
  heap.busy = 0;
  for (let windows = 1; windows < quietWindowsMin; windows++) window();
  assert.equal(heap.collections, 1, 'others may come in their place');
  window();
  assert.deepEqual([heap.collections, heap.taken], [2, grown]);
  for (let minutes = 0; minutes < 5; minutes++) minute();
  assert.equal(heap.collections, 2);
});

test('a heap that is large is left to V8, as long as it is', () => {
  const { heap, minute } = watched();
  assert.equal(heap.percent, growthPercent);
  heap.taken = 2 * steeredBytesMax;
  heap.used = steeredBytesMax + 1;
  minute();
  assert.equal(heap.collections, 0);
  assert.equal(heap.shrinks, usualShrinks);
  assert.equal(heap.percent, usualGrowth);
  heap.used = steeredBytesMax;
  heap.busy = 1;
  minute();
  assert.equal(heap.percent, growthPercent);
});

test('a stop leaves V8 as it was', () => {
  const { heap, policy, minute } = watched();
  policy.stop();
  assert.equal(heap.shrinks, usualShrinks);
  assert.equal(heap.percent, usualGrowth);
  heap.taken = grown;
  minute();
  assert.equal(heap.collections, 0);
});
