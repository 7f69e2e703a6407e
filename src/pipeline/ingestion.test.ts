import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestBench } from './testing/test-bench.ts';

const request = { deviceId: 'd1', payload: Buffer.from('{"t":21}'), publisher: 'd1', messageId: 'm1' };

test('a message of a queued type can be waited for until it is processed', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('d1', { name: 'meter', mode: 'queued' });
  const answer = await bench.pipeline.ingestion.take(request, { result: true });
  assert.equal(answer.kind, 'accepted');
  const waiting = answer.result?.within(10_000);
  await bench.deliver(...bench.queue.admitted);
  assert.deepEqual(await waiting, { kind: 'stored', outcome: 'applied' });
});

test('a rejection is a result, a failure that is tried again is none', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('d1', { name: 'meter', mode: 'queued' });
  const { result } = await bench.pipeline.ingestion.take({ ...request, payload: Buffer.from('{') }, { result: true });
  const waiting = result?.within(10_000);
  bench.storeProblem = new Error('no room');
  await bench.deliver(bench.message('d1', { t: 1 }, { 'message-id': 'm1' }));
  bench.storeProblem = undefined;
  await bench.deliver(...bench.queue.admitted);
  const final = await waiting;
  assert.equal(final?.kind === 'rejected' && final.error.code, 'driver_failed');
});

test('who waits too long hears nothing, and leaves nothing behind', async (t) => {
  const bench = await TestBench.open({ resultWaitersMax: 1 });
  t.after(() => bench.close());
  await bench.device('d1', { name: 'meter', mode: 'queued' });
  const { result } = await bench.pipeline.ingestion.take(request, { result: true });
  const second = await bench.pipeline.ingestion.take({ ...request, messageId: 'm2' }, { result: true });
  assert.deepEqual([second.kind, second.result], ['accepted', undefined]);
  const waiting = result?.within(2_000);
  bench.clock.advance(2_000);
  assert.equal(await waiting, undefined);
  const third = await bench.pipeline.ingestion.take({ ...request, messageId: 'm3' }, { result: true });
  assert.notEqual(third.result, undefined);
  third.result?.cancel();
});

test('safe is enough for whoever says so, also where the type is inline', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('d1', { name: 'meter', mode: 'inline' });
  assert.equal((await bench.pipeline.ingestion.take(request)).kind, 'processed');
  const safe = await bench.pipeline.ingestion.take({ ...request, messageId: 'm2' }, { safeIsEnough: true });
  assert.equal(safe.kind, 'accepted');
  assert.equal(bench.queue.admitted.length, 1);
});

test('a device that listens to its errors hears of what was rejected, as HTTP would say it', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('d1', { name: 'meter', mode: 'inline' });
  await bench.publish(bench.message('d1', '{', { 'message-id': 'm1' }));
  const [notice] = bench.events;
  assert.equal(notice.topic, 'devices/d1/errors');
  const problem = JSON.parse(notice.payload.toString());
  assert.deepEqual(
    [problem.status, problem.code, problem.retryable, problem.stage, problem.messageId],
    [422, 'driver_failed', false, 'decode', 'm1'],
  );
  bench.hears = () => false;
  await bench.publish(bench.message('d1', '{', { 'message-id': 'm2' }));
  assert.equal(bench.events.length, 1);
});
