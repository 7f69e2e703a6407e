import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from './clock.ts';
import { Deadlines } from './deadlines.ts';
import { stepMsMax } from './step-time.ts';
import type { Random } from './testing/random.ts';
import { forSeeds } from './testing/seed.ts';

interface Item {
  readonly name: string;
  deadline: number;
  heapIndex: number;
}

test('items expire at their deadlines, the earliest first, and leave the heap before they are told', () => {
  const { clock, deadlines, expired } = setUp();
  for (const deadline of [50, 10, 30, 20, 40]) deadlines.set(item(`${deadline}`), deadline);
  clock.advance(30);
  assert.deepEqual(expired, ['10 at 10', '20 at 20', '30 at 30']);
  assert.equal(deadlines.size, 2);
});

test('what is due at once is told in steps, and whoever else has the time is served between them', () => {
  const clock = new SimulatedClock(0);
  const told = [0];
  let elapsedMs = 0;
  const tell = (): void => {
    elapsedMs++;
    told[told.length - 1]++;
  };
  const deadlines = new Deadlines<Item>(tell, clock, () => elapsedMs);
  for (let n = 0; n < 100; n++) deadlines.set(item(`${n}`), 10);
  const other = (): void => {
    told.push(0);
    if (deadlines.size > 0) clock.after(0, other);
  };
  clock.after(10, other);
  clock.advance(10);
  assert.equal(deadlines.size, 0);
  assert.equal(
    told.reduce((sum, count) => sum + count),
    100,
  );
  assert.equal(Math.max(...told), stepMsMax);
});

test('an item can be moved to a later or an earlier deadline', () => {
  const { clock, deadlines, expired } = setUp();
  const [a, b] = [item('a'), item('b')];
  deadlines.set(a, 10);
  deadlines.set(b, 50);
  deadlines.set(a, 60);
  deadlines.set(b, 5);
  assert.equal(deadlines.size, 2);
  clock.advance(59);
  assert.deepEqual(expired, ['b at 5']);
  clock.advance(1);
  assert.deepEqual(expired, ['b at 5', 'a at 60']);
});

test('a removed item does not expire, and removing it again does nothing', () => {
  const { clock, deadlines, expired } = setUp();
  const [a, b] = [item('a'), item('b')];
  deadlines.set(a, 10);
  deadlines.set(b, 10);
  deadlines.remove(a);
  deadlines.remove(a);
  assert.equal(a.heapIndex, -1);
  clock.advance(10);
  assert.deepEqual(expired, ['b at 10']);
});

test('an item that expires may be set again from its callback', () => {
  const clock = new SimulatedClock(0);
  const times: number[] = [];
  const deadlines = new Deadlines<Item>((one, now) => {
    times.push(now);
    if (times.length < 3) deadlines.set(one, now + 10);
  }, clock);
  deadlines.set(item('again'), 10);
  clock.advance(100);
  assert.deepEqual(times, [10, 20, 30]);
  assert.equal(deadlines.size, 0);
});

test('after clear nothing expires, and items can be set anew', () => {
  const { clock, deadlines, expired } = setUp();
  const a = item('a');
  deadlines.set(a, 10);
  deadlines.clear();
  assert.equal(deadlines.size, 0);
  clock.advance(20);
  assert.deepEqual(expired, []);
  deadlines.set(a, 30);
  clock.advance(10);
  assert.deepEqual(expired, ['a at 30']);
});

test('random sets, moves and removals expire what a sorted list would', () => {
  forSeeds(10, compareWithList);
});

function compareWithList(random: Random): void {
  const clock = new SimulatedClock(0);
  const expired: Item[] = [];
  const deadlines = new Deadlines<Item>((one) => void expired.push(one), clock);
  const items = Array.from({ length: 60 }, (_, n) => item(`item ${n}`));
  const model = new Map<Item, number>();
  for (let step = 0; step < 500; step++) {
    const one = random.pick(items);
    if (random.below(3) === 0) {
      deadlines.remove(one);
      model.delete(one);
    } else {
      const deadline = clock.now() + random.between(1, 100);
      deadlines.set(one, deadline);
      model.set(one, deadline);
    }
    if (random.below(4) === 0) clock.advance(random.below(20));
    const due = [...model].filter(([, deadline]) => deadline <= clock.now());
    const told = `step ${step}`;
    assert.deepEqual(new Set(expired), new Set(due.map(([name]) => name)), told);
    for (let n = 1; n < expired.length; n++) assert.ok(expired[n - 1].deadline <= expired[n].deadline, told);
    for (const [gone] of due) model.delete(gone);
    expired.length = 0;
    assert.equal(deadlines.size, model.size, told);
  }
}

function setUp() {
  const clock = new SimulatedClock(0);
  const expired: string[] = [];
  const deadlines = new Deadlines<Item>((one, now) => {
    assert.equal(one.heapIndex, -1);
    expired.push(`${one.name} at ${now}`);
  }, clock);
  return { clock, deadlines, expired };
}

function item(name: string): Item {
  return { name, deadline: 0, heapIndex: -1 };
}
