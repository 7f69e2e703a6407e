import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from './clock.ts';
import {
  NodeYoungHeap,
  restFillMin,
  restUtilizationMax,
  type YoungHeap,
  YoungHeapPolicy,
  youngLookMs,
} from './young-heap-policy.ts';

class PlayedYoungHeap implements YoungHeap {
  filled = 0;
  busy = 0;
  collections = 0;

  fill(): number {
    return this.filled;
  }

  utilization(): number {
    return this.busy;
  }

  collect(): void {
    this.collections++;
    this.filled = 0;
  }
}

function watched() {
  const clock = new SimulatedClock();
  const heap = new PlayedYoungHeap();
  const policy = new YoungHeapPolicy(clock, heap);
  policy.start();
  return { heap, policy, look: () => clock.advance(youngLookMs) };
}

test('the young heap is collected once it is half full, as soon as there is nothing to do', () => {
  const { heap, look } = watched();
  heap.filled = restFillMin + 0.01;
  heap.busy = restUtilizationMax;
  for (let looks = 0; looks < 10; looks++) look();
  assert.equal(heap.collections, 0);
  heap.busy = restUtilizationMax / 2;
  look();
  assert.equal(heap.collections, 1);
  for (let looks = 0; looks < 10; looks++) look();
  assert.equal(heap.collections, 1);
});

test('what is filled less stays, and nothing is collected behind the end', () => {
  const { heap, policy, look } = watched();
  heap.filled = restFillMin;
  look();
  assert.equal(heap.collections, 0);
  heap.filled = 1;
  policy.stop();
  look();
  assert.equal(heap.collections, 0);
});

test('a real collection takes what is new and not in use', async () => {
  const heap = new NodeYoungHeap();
  heap.collect();
  let garbage: unknown[] = [];
  while (heap.fill() < 0.1) garbage = Array.from({ length: 100 }, () => ({}));
  const before = heap.fill();
  assert.equal(garbage.length, 100);
  heap.collect();
  assert.ok(heap.fill() < before, `expected less than ${before}, met ${heap.fill()}`);
});
