import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IngestCredit } from './ingest-credit.ts';
import { pipelineLimits } from './limits.ts';

const limits = { ...pipelineLimits, queuedMessagesMax: 2_000, batchMessagesMax: 500, batchesInWorkMax: 2 };

test('the credit follows what the queue needs, in batches, and says so only where it changes', () => {
  const credit = new IngestCredit(limits);
  const given: number[] = [];
  credit.attach({ setCredit: (messages) => given.push(messages) });
  assert.deepEqual([credit.credit, credit.consumers], [2_000, 4]);
  for (const desired of [0, 1, 3, 3, 9, 4]) credit.follow(desired);
  assert.deepEqual(given, [1_000, 1_500, 2_000]);
  assert.deepEqual([credit.credit, credit.consumers], [2_000, 4]);
});

test('a pipeline that may take less than a batch takes that', () => {
  const credit = new IngestCredit({ ...limits, queuedMessagesMax: 100 });
  credit.follow(50);
  assert.deepEqual([credit.credit, credit.consumers, credit.batchesMax], [100, 1, 1]);
});
