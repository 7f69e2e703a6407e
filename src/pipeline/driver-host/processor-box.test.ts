import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { inProcessorTime } from './processor-box.ts';

const timeout = Object.assign(new Error('timed out'), { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' });
const timeoutMs = 40;

/** Attempts that time out but for the last, each after so much of the processor's time. */
function attempts(timeouts: number, spentMs: number) {
  const told = { made: 0, putRight: 0 };
  const run = (): string =>
    inProcessorTime(
      timeoutMs,
      () => {
        spend(spentMs);
        if (++told.made <= timeouts) throw timeout;
        return 'done';
      },
      () => told.putRight++,
    );
  return { told, run };
}

function spend(ms: number): void {
  const before = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(before);
    if (user + system >= ms * 1_000) return;
  }
}

test('what the machine kept from running in its time is run anew', () => {
  const { told, run } = attempts(2, 0);
  assert.equal(run(), 'done');
  assert.deepEqual(told, { made: 3, putRight: 2 });
});

test('what had its time by itself is not', () => {
  const { told, run } = attempts(1, timeoutMs);
  assert.throws(run, timeout);
  assert.deepEqual(told, { made: 1, putRight: 0 });
});

test('what had its time in several attempts is not run any more, nor what never ends', () => {
  const slow = attempts(9, timeoutMs / 3);
  assert.throws(slow.run, timeout);
  assert.equal(slow.told.made, 2);
  const never = attempts(99, 0);
  assert.throws(never.run, timeout);
  assert.deepEqual(never.told, { made: 5, putRight: 4 });
});

test('what fails otherwise fails at once', () => {
  assert.throws(
    () =>
      inProcessorTime(
        timeoutMs,
        () => {
          throw new TypeError('broken');
        },
        () => assert.fail('there is nothing to put right'),
      ),
    TypeError,
  );
});
