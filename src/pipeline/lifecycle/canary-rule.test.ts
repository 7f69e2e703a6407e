import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../std/testing/random.ts';
import { reasonToStop } from './canary-rule.ts';

/** After how many messages of its own a canary is turned off, of 99; with it come as many of the driver in use. */
function stoppedAfter(random: Random, share: number, others: number, devices = 3): number | undefined {
  const counts = { messages: 0, failed: 0, othersMessages: 0, othersFailed: 0 };
  for (let message = 1; message < 100; message++) {
    counts.messages++;
    counts.othersMessages++;
    if (random.fraction() < share) counts.failed++;
    if (random.fraction() < others) counts.othersFailed++;
    if (reasonToStop(counts, Math.min(devices, counts.failed)) !== undefined) return message;
  }
  return undefined;
}

test('a canary that fails at everything is turned off within a dozen messages, where the driver in use reads its own', () => {
  const messages = stoppedAfter(new Random(1), 1, 0) ?? 100;
  assert.ok(messages <= 12, `it had ${messages} messages`);
});

test('with nothing known of the driver in use a canary is judged from its hundredth message on', () => {
  const failedAll = (messages: number) => ({ messages, failed: messages, othersMessages: 0, othersFailed: 0 });
  assert.equal(reasonToStop(failedAll(99), 3), undefined);
  assert.match(reasonToStop(failedAll(100), 3) ?? '', /100 of 100 messages failed, against 0 of 0/);
});

test('one device that sends nonsense turns nothing off early', () => {
  assert.equal(stoppedAfter(new Random(1), 1, 0, 1), undefined);
});

test('a canary that fails as the driver in use does is not turned off early, whatever share that is', () => {
  const random = new Random(2);
  for (const share of [0, 0.02, 0.3, 0.9, 1]) {
    let mistaken = 0;
    for (let trial = 0; trial < 2_000; trial++) if (stoppedAfter(random, share, share) !== undefined) mistaken++;
    assert.ok(mistaken <= 1, `${mistaken} of 2,000 were turned off at a share of ${share}`);
  }
});
