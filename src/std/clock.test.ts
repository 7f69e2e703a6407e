import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock, systemClock } from './clock.ts';

test('a simulated clock stands still until it is moved', () => {
  const clock = new SimulatedClock(1_000);
  assert.equal(clock.now(), 1_000);
  clock.advance(250);
  assert.equal(clock.now(), 1_250);
});

test('the time of a turn stays as it is until the turn is over', async () => {
  const first = systemClock.turn();
  while (systemClock.now() <= first + 1);
  assert.equal(systemClock.turn(), first);
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(systemClock.turn() > first);
});

test('what comes behind the turn in which the time was asked for has a time of its own', async () => {
  const first = await new Promise<number>((resolve) => {
    setImmediate(() => {
      const asked = systemClock.turn();
      while (systemClock.now() <= asked + 1);
      assert.equal(systemClock.turn(), asked);
      resolve(asked);
    });
  });
  assert.ok(systemClock.turn() > first);
});

test('timers fire at their own instants, in the order of their deadlines and then of arming', () => {
  const clock = new SimulatedClock(0);
  const fired: string[] = [];
  const note = (name: string) => () => void fired.push(`${name} at ${clock.now()}`);
  clock.after(30, note('late'));
  clock.after(10, note('first'));
  clock.after(10, note('second'));
  clock.after(31, note('not yet'));
  clock.advance(30);
  assert.deepEqual(fired, ['first at 10', 'second at 10', 'late at 30']);
});

test('a timer armed by a timer fires in the same advance when it falls due', () => {
  const clock = new SimulatedClock(0);
  const fired: number[] = [];
  clock.after(10, () => {
    fired.push(clock.now());
    clock.after(5, () => void fired.push(clock.now()));
    clock.after(50, () => void fired.push(clock.now()));
  });
  clock.advance(20);
  assert.deepEqual(fired, [10, 15]);
  clock.advance(40);
  assert.deepEqual(fired, [10, 15, 60]);
});

test('a delay of 0 or less means a later turn at the same instant', () => {
  const clock = new SimulatedClock(7);
  let fired = 0;
  clock.after(0, () => fired++);
  clock.after(-5, () => fired++);
  assert.equal(fired, 0);
  clock.advance(0);
  assert.equal(fired, 2);
  assert.equal(clock.now(), 7);
});

test('a cancelled timer does not fire, and cancelling again or afterwards does nothing', () => {
  const clock = new SimulatedClock(0);
  let fired = 0;
  const cancelled = clock.after(10, () => fired++);
  const other = clock.after(10, () => fired++);
  cancelled.cancel();
  cancelled.cancel();
  clock.advance(10);
  other.cancel();
  assert.equal(fired, 1);
});

test('the system clock tells the time and calls back once', async () => {
  const before = Date.now();
  assert.ok(systemClock.now() >= before);
  await new Promise<void>((resolve) => systemClock.after(1, resolve));
});

test('the system clock waits for a delay that is longer than timers can be', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const month = 30 * 24 * 3_600_000;
  let fired = 0;
  systemClock.after(month, () => fired++);
  t.mock.timers.tick(0x7fffffff);
  t.mock.timers.tick(month - 0x7fffffff - 1);
  assert.equal(fired, 0);
  t.mock.timers.tick(1);
  assert.equal(fired, 1);
});

test('a long delay of the system clock can be cancelled in any of its steps', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const month = 30 * 24 * 3_600_000;
  const timer = systemClock.after(month, () => assert.fail('was cancelled'));
  t.mock.timers.tick(0x7fffffff + 1);
  timer.cancel();
  t.mock.timers.tick(month);
});
