import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestBench, TestWaiter } from './testing/test-bench.ts';

const request = { deviceId: 'd1', payload: Buffer.from('{"t":21}'), publisher: 'd1', messageId: 'm1' };

test('a message of a queued type can be waited for until it is processed', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('d1', { name: 'meter', mode: 'queued' });
  const answer = await bench.pipeline.ingestion.take(request, { result: true });
  assert.equal(answer.kind, 'accepted');
  const waiting = answer.results?.within([0], 10_000);
  await bench.deliver(...bench.queue.admitted);
  assert.deepEqual((await waiting)?.get(0), { kind: 'stored', outcome: 'applied' });
});

test('a rejection is a result, a failure that is tried again is none', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('d1', { name: 'meter', mode: 'queued' });
  const { results } = await bench.pipeline.ingestion.take({ ...request, payload: Buffer.from('{') }, { result: true });
  const waiting = results?.within([0], 10_000);
  bench.storeProblem = new Error('no room');
  await bench.deliver(bench.message('d1', { t: 1 }, { 'message-id': 'm1' }));
  bench.storeProblem = undefined;
  await bench.deliver(...bench.queue.admitted);
  const final = (await waiting)?.get(0);
  assert.equal(final?.kind === 'rejected' && final.error.code, 'driver_failed');
});

test('who waits too long hears nothing, and leaves nothing behind', async (t) => {
  const bench = await TestBench.open({ resultWaitersMax: 1 });
  t.after(() => bench.close());
  await bench.device('d1', { name: 'meter', mode: 'queued' });
  const { results } = await bench.pipeline.ingestion.take(request, { result: true });
  const second = await bench.pipeline.ingestion.take({ ...request, messageId: 'm2' }, { result: true });
  assert.deepEqual([second.kind, (await second.results?.within([0], 10_000))?.size], ['accepted', 0]);
  const waiting = results?.within([0], 2_000);
  bench.clock.advance(2_000);
  assert.equal((await waiting)?.size, 0);
  const third = await bench.pipeline.ingestion.take({ ...request, messageId: 'm3' }, { result: true });
  const other = third.results?.within([0], 10_000);
  await bench.deliver(bench.queue.admitted[2]);
  assert.equal((await other)?.get(0)?.kind, 'stored');
});

test('each message of a batch is heard of, also when it was processed before anybody asked', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('d1', { name: 'meter', mode: 'queued' });
  const waiter = new TestWaiter(5);
  const batch = bench.pipeline.ingestion.batch(waiter, { result: true });
  const ids = ['m1', 'm1', 'm2', 'm3', 'm4'];
  ids.forEach((messageId, tag) => {
    batch.admit({ ...request, messageId, ...(messageId === 'm2' ? { payload: Buffer.from('{') } : {}) }, tag);
  });
  await waiter.all;
  const [first, second, third, fourth] = bench.queue.admitted;
  await bench.deliver(first, second);
  const waiting = batch.results?.within([0, 1, 2, 3], 2_000);
  await bench.deliver(third);
  bench.clock.advance(2_000);
  const known = await waiting;
  await bench.deliver(fourth);
  assert.deepEqual(
    [known?.get(0), known?.get(1)],
    [
      { kind: 'stored', outcome: 'applied' },
      { kind: 'stored', outcome: 'duplicate' },
    ],
  );
  const rejected = known?.get(2);
  assert.equal(rejected?.kind === 'rejected' && rejected.error.code, 'driver_failed');
  assert.deepEqual([...(known?.keys() ?? [])], [0, 1, 2]);
});

test('a message is heard of though another one with its id was refused before it', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('d1', { name: 'meter', mode: 'queued', bytesMax: 20 });
  const waiter = new TestWaiter(2);
  const batch = bench.pipeline.ingestion.batch(waiter, { result: true });
  batch.admit({ ...request, payload: Buffer.alloc(21) }, 0);
  batch.admit(request, 1);
  await waiter.all;
  await bench.deliver(...bench.queue.admitted);
  let known: ReadonlyMap<number, unknown> | undefined;
  batch.results?.within([1], 10_000).then((results) => {
    known = results;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([...(known ?? [])], [[1, { kind: 'stored', outcome: 'applied' }]]);
});

test('a batch waits for as many messages as there is room for, and gives the room back', async (t) => {
  const bench = await TestBench.open({ resultWaitersMax: 3 });
  t.after(() => bench.close());
  await bench.device('d1', { name: 'meter', mode: 'queued' });
  for (const name of ['a', 'b']) {
    const from = bench.queue.admitted.length;
    const waiter = new TestWaiter(5);
    const batch = bench.pipeline.ingestion.batch(waiter, { result: true });
    for (let tag = 0; tag < 5; tag++) batch.admit({ ...request, messageId: `${name}${tag}` }, tag);
    await waiter.all;
    await bench.deliver(...bench.queue.admitted.slice(from + 1));
    // The first one is still to come, and nobody asks for it: the others are known at once.
    assert.deepEqual([...((await batch.results?.within([1, 2, 3, 4], 10_000))?.keys() ?? [])], [1, 2]);
  }
  const left = bench.pipeline.ingestion.batch(new TestWaiter(3), { result: true });
  for (let tag = 0; tag < 3; tag++) left.admit({ ...request, messageId: `c${tag}` }, tag);
  left.results?.cancel();
  const last = await bench.pipeline.ingestion.take({ ...request, messageId: 'd' }, { result: true });
  const waiting = last.results?.within([0], 10_000);
  await bench.deliver(...bench.queue.admitted.slice(-1));
  assert.equal((await waiting)?.get(0)?.kind, 'stored');
});

test('one client has its share of those that wait and not the places of others, and hears which bound it met', async (t) => {
  const bench = await TestBench.open({ resultWaitersMax: 3, resultWaitersPerClientMax: 2 });
  t.after(() => bench.close());
  await bench.device('d1', { name: 'meter', mode: 'queued' });
  const wait = async (publisher: string, messageId: string) =>
    (await bench.pipeline.ingestion.take({ ...request, publisher, messageId }, { result: true })).results;
  const greedy = [await wait('a', '1'), await wait('a', '2'), await wait('a', '3')];
  const others = [await wait('b', '4'), await wait('b', '5')];
  assert.deepEqual(
    [...greedy, ...others].map((results) => results?.bound),
    [undefined, undefined, 'resultWaitersPerClientMax', undefined, 'resultWaitersMax'],
  );
  greedy[0]?.cancel();
  assert.equal((await wait('a', '6'))?.bound, undefined, 'a place is given back to whoever had it');
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
