import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../std/log.ts';
import { ThreadScale } from './thread-scale.ts';

/** Changes its number when the test lets it. */
class TestThreads {
  threads = 1;
  waiting = 0;
  readonly asked: number[] = [];
  problem: Error | undefined;

  async setThreads(count: number): Promise<void> {
    this.asked.push(count);
    if (this.problem !== undefined) throw this.problem;
    this.threads = count;
  }
}

function scaled(threadsMin: number, threadsMax: number) {
  const threads = new TestThreads();
  return { threads, scale: new ThreadScale(threads, { threadsMin, threadsMax }, silentLog) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('threads follow what the queue needs, between the least and the most', async () => {
  const { threads, scale } = scaled(1, 3);
  for (const desired of [0, 2, 2, 9, 2, 0]) {
    scale.follow(desired);
    await turn();
  }
  assert.deepEqual(threads.asked, [2, 3, 2, 1]);
});

test('messages that wait for drivers make threads where the queue needs none, for as long as some waited within a minute', async () => {
  const { threads, scale } = scaled(1, 4);
  threads.waiting = 501;
  const seen: number[] = [];
  for (let look = 0; look < 14; look++) {
    scale.follow(0);
    await turn();
    seen.push(threads.threads);
    threads.waiting = 0;
  }
  assert.deepEqual(seen, [...new Array(12).fill(2), 1, 1]);
});

test('one change at a time, and one that failed is tried again at the next look', async () => {
  const { threads, scale } = scaled(1, 4);
  threads.problem = new Error('no thread');
  scale.follow(3);
  scale.follow(4);
  assert.deepEqual(threads.asked, [3]);
  await turn();
  threads.problem = undefined;
  scale.follow(4);
  await turn();
  assert.deepEqual([threads.asked, threads.threads], [[3, 4], 4]);
});
