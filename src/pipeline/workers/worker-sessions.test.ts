import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { SluiceError } from '../../errors.ts';
import type { Message } from '../../message.ts';
import { TestBench, type TestConsumption } from '../testing/test-bench.ts';
import type { BatchLine } from './wire.ts';
import type { WorkerSession } from './worker-session.ts';

let bench: TestBench;
beforeEach(async () => {
  bench = await TestBench.open({ workersMax: 2 });
  await bench.device('q', { name: 'sensor', mode: 'queued' });
});
afterEach(() => bench.close());

const hello = { owner: 'ops', name: 'w1', drivers: ['sensor-any@1.0.0', 'sensor-2@1.0.0'] };
const acknowledged = { kind: 'acknowledged' };
const released = { kind: 'released' };

async function open(about: Partial<typeof hello> = {}) {
  const session = await bench.pipeline.workers.open({ ...hello, ...about });
  return { session, queue: bench.queue.consumers.at(-1) as TestConsumption };
}

/** What the queue holds: messages with an id, as the door gives every one. */
function queued(...values: readonly unknown[]): Message[] {
  return values.map((v, index) => bench.message('q', { v }, { 'message-id': `m${index}` }));
}

async function batchOf(session: WorkerSession): Promise<BatchLine> {
  return JSON.parse((await session.next(1_000)) ?? 'null');
}

function reading(v: unknown): object {
  return { ok: true, readings: [{ data: { v } }], warnings: [] };
}

test('a message is decoded by the worker, and everything else is done as without it', async () => {
  const { session, queue } = await open();
  const settled = queue.deliver(...queued(1, 'bad'), bench.message('nobody', {}, { 'message-id': 'n' }));
  const { batch, requests } = await batchOf(session);
  assert.deepEqual([bench.pipeline.numbers().workers, bench.pipeline.numbers().queuedInWork], [1, 3]);
  assert.deepEqual(
    requests.map(({ driver, device, bytes }) => [driver.id, device.id, Buffer.from(bytes, 'base64').toString()]),
    [
      ['sensor-any', 'q', '{"v":1}'],
      ['sensor-any', 'q', '{"v":"bad"}'],
    ],
  );
  const failure = { ok: false, stage: 'decode', code: 'driver_failed', reason: 'Cannot read "bad"' };
  assert.equal(session.take(batch, 0, [reading(7), failure]), true);
  const kinds = (await settled).map((each) => [each.kind, 'code' in each ? each.code : undefined]);
  assert.deepEqual(kinds, [
    ['acknowledged', undefined],
    ['rejected', 'driver_failed'],
    ['rejected', 'device_unknown'],
  ]);
  assert.deepEqual(await bench.state('q'), { v: 7 });
  const [{ inWork, answered }] = bench.pipeline.workers.list();
  assert.deepEqual([inWork, answered], [0, 2]);
  assert.deepEqual(bench.pipeline.numbers().outcomes, {
    applied: 1,
    'rejected:driver_failed': 1,
    'rejected:device_unknown': 1,
  });
});

test('results may come in parts, and the first answer for a message counts', async () => {
  const { session, queue } = await open();
  const settled = queue.deliver(...queued(1, 2));
  const { batch } = await batchOf(session);
  assert.equal(session.take(batch, 1, [reading('second')]), true);
  assert.equal(session.take(batch, 1, [reading('liar')]), true);
  assert.equal(session.take(batch, 0, [reading('first')]), true);
  assert.deepEqual(await settled, [acknowledged, acknowledged]);
  assert.equal(session.take(batch, 0, [reading('again')]), false);
  const rows = await bench.store.readings.history({ deviceId: 'q', limit: 9 });
  assert.deepEqual(rows.map(({ data }) => data.v).sort(), ['first', 'second']);
});

test('results of another batch, beyond the batch, or that are none are not taken', async () => {
  const { session, queue } = await open();
  const settled = queue.deliver(...queued(1));
  const { batch } = await batchOf(session);
  assert.equal(session.take(batch + 1, 0, [reading(1)]), false);
  assert.throws(() => session.take(batch, 1, [reading(1)]), { code: 'invalid_argument' });
  assert.throws(() => session.take(batch, 0, [{ ok: true }]), { code: 'invalid_argument' });
  session.take(batch, 0, [reading(1)]);
  assert.deepEqual(await settled, [acknowledged]);
});

test('when a worker goes its messages go back at once, uncounted, and no one hears of them twice', async () => {
  const { session, queue } = await open();
  const messages = queued(1, 2);
  const settled = queue.deliver(...messages);
  const { batch } = await batchOf(session);
  session.take(batch, 0, [reading(1)]);
  session.end(new SluiceError('unavailable', 'gone'));
  assert.deepEqual(await settled, [released, released]);
  assert.equal(session.take(batch, 1, [reading(2)]), false);
  assert.equal(await session.next(1_000), undefined);
  await session.idle();
  const again = await open({ name: 'w2' });
  const resettled = again.queue.deliver(...messages);
  const next = await batchOf(again.session);
  again.session.take(next.batch, 0, [reading(1), reading(2)]);
  assert.deepEqual(await resettled, [acknowledged, acknowledged]);
  const { applied, duplicate = 0, stale = 0, ...others } = bench.pipeline.numbers().outcomes;
  assert.equal((applied ?? 0) + stale, 2);
  assert.deepEqual([duplicate <= 1, others], [true, {}]);
});

test('a worker that does not answer a batch in time is done with', async () => {
  const { session, queue } = await open();
  const settled = queue.deliver(...queued(1));
  await batchOf(session);
  bench.clock.advance(30_000);
  assert.deepEqual(await settled, [released]);
  assert.match(session.reason?.message ?? '', /did not answer/);
  assert.equal(bench.pipeline.workers.size, 0);
});

test('a worker that takes its leave is given nothing more and finishes what it has', async () => {
  const { session, queue } = await open();
  const settled = queue.deliver(...queued(1));
  const { batch } = await batchOf(session);
  const left = session.leave();
  assert.equal(queue.credit, 0);
  session.take(batch, 0, [reading(1)]);
  await left;
  assert.deepEqual(await settled, [acknowledged]);
  assert.equal(queue.stopped, true);
});

test('a worker that is slow, or not alone, holds little at a time', async () => {
  const { session, queue } = await open();
  assert.equal(queue.credit, 4 * 64);
  const answer = async (count: number, tookMs: number): Promise<void> => {
    const settled = queue.deliver(...queued(...Array(count).keys()));
    const { batch, requests } = await batchOf(session);
    assert.equal(requests.length, count);
    bench.clock.advance(tookMs);
    session.take(
      batch,
      0,
      requests.map(() => reading(1)),
    );
    await settled;
  };
  for (const count of [64, 128, 256, 500]) await answer(count, 10);
  assert.equal(queue.credit, 2_000);
  const other = await open({ name: 'w2' });
  assert.deepEqual([queue.credit, other.queue.credit], [256, 256]);
  await answer(64, 1_500);
  await answer(32, 1_500);
  assert.equal(queue.credit, 4 * 16);
  other.session.end(new SluiceError('unavailable', 'gone'));
  await answer(16, 100);
  assert.equal(queue.credit, 4 * 32);
});

test('a worker without a driver that the server picks is done with, and the message goes back', async () => {
  const { queue, session } = await open({ drivers: ['sensor-2@1.0.0'] });
  assert.deepEqual(await queue.deliver(...queued(1)), [released]);
  assert.equal(session.reason?.code, 'conflict');
});

test('a session is its owner’s, and there is a bound to how many there are', async () => {
  const { session } = await open();
  assert.equal(bench.pipeline.workers.of(session.session, 'ops'), session);
  assert.throws(() => bench.pipeline.workers.of(session.session, 'eve'), { code: 'not_found' });
  assert.throws(() => bench.pipeline.workers.of('guess', 'ops'), { code: 'not_found' });
  await open();
  await assert.rejects(open(), { code: 'quota_exceeded' });
});

test('a pipeline that stops ends its sessions, and takes no other before it starts again', async () => {
  const { session, queue } = await open();
  const settled = queue.deliver(...queued(1));
  await batchOf(session);
  await bench.pipeline.stop();
  assert.deepEqual(await settled, [released]);
  await assert.rejects(open(), { code: 'unavailable' });
  await bench.pipeline.start();
  await open();
});

test('messages wait for a listener, and a listener for messages', async () => {
  const { session, queue } = await open();
  const waiting = session.next(5_000);
  const settled = queue.deliver(...queued(1));
  const line: BatchLine = JSON.parse((await waiting) ?? '');
  session.take(line.batch, 0, [reading(1)]);
  await settled;
  const nothing = session.next(5_000);
  bench.clock.advance(5_000);
  assert.equal(await nothing, undefined);
});

test('drivers that a worker has set aside are seen at the drivers, until the worker takes them up again or goes', async () => {
  const { session } = await open();
  const driver = { id: 'sensor-any', version: '1.0.0' };
  const report = (...deviceTypes: readonly string[]): void =>
    session.report({ abilities: ['normalizeUplink', 'reports'], setAside: [{ ...driver, deviceTypes }] });
  const seen = (): unknown => bench.pipeline.workers.setAside(driver);
  assert.deepEqual(seen(), []);
  report('sensor', 'tank');
  assert.deepEqual(seen(), [{ worker: session.id, deviceTypes: ['sensor', 'tank'] }]);
  assert.deepEqual(bench.pipeline.workers.setAside({ ...driver, version: '2.0.0' }), []);
  session.report({ abilities: [], setAside: [] });
  assert.deepEqual(seen(), []);
  report('sensor');
  const said = bench.logged.filter(({ message }) => message === 'A worker sets drivers aside');
  assert.deepEqual(
    said.map(({ drivers }) => drivers),
    [['sensor-any 1.0.0 for "sensor"', 'sensor-any 1.0.0 for "tank"'], ['sensor-any 1.0.0 for "sensor"']],
  );
  session.end(new SluiceError('unavailable', 'gone'));
  assert.deepEqual(seen(), []);
});

test('however much a worker says that it sets aside, a report is one line of the log', async () => {
  const { session } = await open();
  const deviceTypes = Array.from({ length: 500 }, (_, n) => `type${n % 400}`);
  session.report({ abilities: [], setAside: [{ id: 'made-up', version: '1.0.0', deviceTypes }] });
  const said = bench.logged.filter(({ message }) => message === 'A worker sets drivers aside');
  assert.deepEqual(
    said.map(({ drivers, count }) => [(drivers as readonly string[]).length, count]),
    [[20, 400]],
  );
});

test('a worker that does not say what it can by its first results lacks it, which is listed and logged once', async () => {
  const old = await open();
  const settled = old.queue.deliver(...queued(1));
  const { batch } = await batchOf(old.session);
  assert.deepEqual(old.session.lacks, []);
  old.session.take(batch, 0, [reading(1)]);
  await settled;
  old.session.take(batch, 0, [reading(1)]);
  assert.deepEqual(old.session.lacks, ['normalizeUplink', 'reports']);
  const current = await open({ name: 'w2' });
  current.session.report({ abilities: ['normalizeUplink', 'reports', 'flying'], setAside: [] });
  assert.deepEqual(current.session.lacks, []);
  const older = bench.logged.filter(({ message }) => message === 'A worker is older than the server');
  assert.deepEqual(
    older.map(({ worker }) => worker),
    [old.session.id],
  );
});

test('a worker cannot get readings past a schema that is enforced', async () => {
  await bench.device('q', {
    name: 'sensor',
    mode: 'queued',
    schemas: { telemetry: { properties: { v: { type: 'number' } } } },
  });
  const { session, queue } = await open();
  const settled = queue.deliver(...queued(1, 2));
  const { batch } = await batchOf(session);
  session.take(batch, 0, [reading(1), reading('not a number')]);
  const kinds = (await settled).map((each) => [each.kind, 'code' in each ? each.code : undefined]);
  assert.deepEqual(kinds, [
    ['acknowledged', undefined],
    ['rejected', 'schema_violation'],
  ]);
  assert.deepEqual(await bench.state('q'), { v: 1 });
});
