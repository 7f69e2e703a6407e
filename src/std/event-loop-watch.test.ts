import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from './clock.ts';
import { type EventLoopGauge, EventLoopWatch, slowWindows, windowMs } from './event-loop-watch.ts';
import { createLog, silentLog } from './log.ts';

const idle = { p50: 0, p99: 1, max: 3, utilization: 0.1 };

class PlayedGauge implements EventLoopGauge {
  next: ReturnType<EventLoopGauge['take']> = idle;
  running = false;

  start(): void {
    this.running = true;
  }

  stop(): void {
    this.running = false;
  }

  take(): ReturnType<EventLoopGauge['take']> {
    return this.next;
  }
}

function watching(delayMsMax: number) {
  const clock = new SimulatedClock();
  const gauge = new PlayedGauge();
  const lines: string[] = [];
  const watch = new EventLoopWatch({ delayMsMax, log: createLog('info', (line) => lines.push(line)), clock, gauge });
  watch.start();
  const window = (p99: number, max = p99): void => {
    gauge.next = { p50: p99 / 2, p99, max, utilization: 0.5 };
    clock.advance(windowMs);
  };
  return { watch, gauge, lines, window };
}

test('the load is that of the last full window, in seconds', () => {
  const { watch, window } = watching(100);
  assert.equal(watch.load.delayP99Seconds, 0);
  window(20, 50);
  assert.deepEqual(watch.load, {
    delayP50Seconds: 0.01,
    delayP99Seconds: 0.02,
    delayMaxSeconds: 0.05,
    utilization: 0.5,
  });
});

test('the longest delay is shown for a minute', () => {
  const { watch, window } = watching(0);
  window(10, 900);
  for (let i = 0; i < 3; i++) window(10);
  assert.equal(watch.load.delayMaxSeconds, 0.9);
  window(10);
  assert.equal(watch.load.delayMaxSeconds, 0.01);
});

test('a delay that stays is warned of once, and its end is told', () => {
  const { lines, window } = watching(100);
  for (let i = 1; i < slowWindows; i++) window(150);
  assert.equal(lines.length, 0);
  for (let i = 0; i < 5; i++) window(150);
  assert.equal(lines.length, 1);
  assert.match(lines[0], /"warn".*does not keep up.*"delayP99Ms":150/);
  window(50);
  assert.match(lines[1], /"info".*keeps up again/);
});

test('one slow window, or a limit of 0, is no reason to warn', () => {
  const single = watching(100);
  single.window(500);
  single.window(1);
  single.window(500);
  assert.deepEqual(single.lines, []);
  const never = watching(0);
  for (let i = 0; i < 5; i++) never.window(500);
  assert.deepEqual(never.lines, []);
});

test('a stopped watch measures no more', () => {
  const { watch, gauge, window } = watching(100);
  watch.stop();
  assert.equal(gauge.running, false);
  window(500);
  assert.equal(watch.load.delayP99Seconds, 0);
});

test('a loop that was blocked shows as delay and utilization of the real one', async () => {
  const clock = new SimulatedClock();
  const watch = new EventLoopWatch({ delayMsMax: 0, log: silentLog, clock });
  watch.start();
  // The sampler's own timer has to run before and behind the block.
  await new Promise((resolve) => setTimeout(resolve, 30));
  const end = performance.now() + 200;
  while (performance.now() < end);
  await new Promise((resolve) => setTimeout(resolve, 30));
  clock.advance(windowMs);
  watch.stop();
  assert.ok(watch.load.delayMaxSeconds >= 0.15, `${watch.load.delayMaxSeconds}`);
  assert.ok(watch.load.utilization > 0);
});
