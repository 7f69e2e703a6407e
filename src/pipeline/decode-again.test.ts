import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { activeRollout } from '../devices/rollout.ts';
import type { DecodedReading } from './driver.ts';
import { TestBench } from './testing/test-bench.ts';

let bench: TestBench;
beforeEach(async () => {
  bench = await TestBench.open({ batchMessagesMax: 2 });
  await bench.device('a', { name: 'meter' });
});
afterEach(() => bench.close());

const all = { deviceType: 'meter', from: 0, to: Number.MAX_SAFE_INTEGER, driver: undefined, after: 0, end: undefined };

/** The corrected driver: from now on payloads become what this answers. */
function mend(readingsOf: (v: number) => readonly DecodedReading[]): void {
  bench.drivers.mended = (payload) => readingsOf(payload.v as number);
}

async function again(apply: boolean) {
  let total = await bench.pipeline.decodeAgain.run({ ...all, apply });
  const counts = (): number[] => [total.decoded, total.same, total.different, total.corrected, total.failed];
  const sums = counts();
  while (total.next !== undefined) {
    total = await bench.pipeline.decodeAgain.run({ ...all, apply, after: total.next, end: total.end });
    for (const [at, count] of counts().entries()) sums[at] += count;
  }
  return sums;
}

async function values() {
  const rows = await bench.store.readings.history({ deviceId: 'a', limit: 20 });
  return rows.map(({ messageId, data, driverVersion }) => [messageId, data, driverVersion]);
}

test('what a corrected driver reads takes the place of what was read, in history and state', async () => {
  for (const [id, v, time] of [
    ['m1', 1, 1000],
    ['m3', 3, 3000],
    ['m2', 2, 2000],
  ] as const) {
    await bench.publish(bench.message('a', { v }, { 'message-id': id, time }));
  }
  mend((v) => [{ data: { v: v * 10, w: 1 } }]);
  assert.deepEqual(await again(false), [3, 0, 3, 0, 0]);
  assert.deepEqual((await values())[0], ['m3', { v: 3, fPort: null }, '1.0.0']);
  assert.deepEqual(await again(true), [3, 0, 3, 3, 0]);
  assert.deepEqual(await values(), [
    ['m3', { v: 30, w: 1 }, '1.0.0'],
    ['m2', { v: 20, w: 1 }, '1.0.0'],
    ['m1', { v: 10, w: 1 }, '1.0.0'],
  ]);
  // What the newest message does not say any more is gone, and the older ones do not win.
  assert.deepEqual(await bench.state('a'), { v: 30, w: 1 });
  assert.deepEqual(await again(true), [3, 3, 0, 0, 0]);
  assert.equal((await bench.publish(bench.message('a', { v: 1 }, { 'message-id': 'm1' })))[0].outcome, 'duplicate');
});

test('a message that becomes more readings, or fewer, is found whole afterwards', async () => {
  await bench.publish(bench.message('a', { v: 2 }, { 'message-id': 'more', time: 1000 }));
  await bench.publish(bench.message('a', { v: 0 }, { 'message-id': 'none', time: 2000 }));
  mend((v) => Array.from({ length: v }, (_, n) => ({ data: { n }, time: 1000 + n })));
  assert.deepEqual(await again(true), [2, 0, 2, 2, 0]);
  const message = async (id: string) => (await bench.store.readings.message('a', id)).map(({ data }) => data);
  assert.deepEqual(await message('more'), [{ n: 0 }, { n: 1 }]);
  assert.deepEqual(await message('none'), []);
  assert.deepEqual(await bench.state('a'), { n: 1 });
  mend((v) => [{ data: { v } }]);
  assert.deepEqual(await again(true), [2, 0, 2, 2, 0]);
  assert.deepEqual(await message('more'), [{ v: 2 }]);
  assert.deepEqual(await bench.state('a'), { v: 0 });
  await bench.publish(bench.message('a', { v: 9 }, { 'message-id': 'next', time: 3000 }));
  assert.equal((await values()).length, 3);
});

test('what the driver cannot read stays as it is, and others are corrected', async () => {
  await bench.publish(bench.message('a', { v: 1 }, { 'message-id': 'm1', time: 1000 }));
  await bench.publish(bench.message('a', { v: 2 }, { 'message-id': 'm2', time: 2000 }));
  mend((v) => {
    if (v === 1) throw new Error('no such v');
    return [{ data: { v: 20 } }];
  });
  const told = await bench.pipeline.decodeAgain.run({ ...all, apply: true });
  assert.deepEqual(
    told.samples.map(({ messageId, error }) => [messageId, error]),
    [
      ['m2', undefined],
      ['m1', 'no such v'],
    ],
  );
  assert.deepEqual(await bench.state('a'), { v: 20 });
});

test('a later message keeps the state when an older one is corrected', async () => {
  await bench.publish(bench.message('a', { v: 1 }, { 'message-id': 'old', time: 1000 }));
  await bench.publish(bench.message('a', { v: 2 }, { 'message-id': 'new', time: 2000 }));
  const [first] = (await bench.store.raw.slice({ ...all, limit: 1 })).messages;
  const corrected = { ...first, processedAt: 5, readings: [{ ...first.readings[0], data: { v: 7, extra: true } }] };
  assert.deepEqual(await bench.store.raw.correct([corrected]), [true]);
  assert.deepEqual(await bench.state('a'), { v: 2, fPort: null, extra: true });
  assert.deepEqual(await bench.store.raw.correct([{ ...corrected, messageId: 'unknown' }]), [false]);
});

test('what another device of the same id left is not decoded into this one', async () => {
  mend(() => []);
  await bench.publish(bench.message('a', { v: 1 }, { 'message-id': 'left' }));
  await bench.pipeline.registry.removeDevice('a');
  bench.clock.advance(1_000);
  await bench.device('a', { name: 'meter' });
  mend((v) => [{ data: { v } }]);
  assert.deepEqual(await again(true), [0, 0, 0, 0, 0]);
  assert.deepEqual(await bench.state('a'), {});
});

test('only messages of the type and the time are looked at', async () => {
  await bench.device('b', { name: 'other' });
  await bench.publish(bench.message('a', { v: 1 }), bench.message('b', { v: 1 }));
  const look = async (query: object) =>
    (await bench.pipeline.decodeAgain.run({ ...all, apply: false, ...query })).decoded;
  const now = bench.clock.now();
  assert.equal(await look({}), 1);
  assert.equal(await look({ from: now + 1 }), 0);
  assert.equal(await look({ to: now }), 0);
  await assert.rejects(look({ deviceType: 'nope' }), { code: 'not_found' });
  await assert.rejects(look({ driver: { id: 'nope', version: '1.0.0' } }), { code: 'not_found' });
});

test('a driver of another device type may be tried, and corrects nothing', async () => {
  await bench.publish(bench.message('a', { v: 1 }));
  const listed = { version: '1.0.0', firmware: '*', builtIn: false, setAsideFor: [], rollout: activeRollout };
  bench.drivers.drivers = () => [
    { ...listed, id: 'own', deviceType: 'meter' },
    { ...listed, id: 'foreign', deviceType: 'valve' },
    { ...listed, id: 'any', deviceType: '*' },
  ];
  const run = (id: string, apply: boolean) =>
    bench.pipeline.decodeAgain.run({ ...all, apply, driver: { id, version: '1.0.0' } });
  assert.equal((await run('foreign', false)).decoded, 1);
  await assert.rejects(run('foreign', true), { code: 'invalid_argument', message: /it is for "valve"$/ });
  for (const id of ['own', 'any']) assert.equal((await run(id, true)).decoded, 1, id);
});

test('what a message said beside its bytes is said again', async () => {
  const { drivers } = bench;
  const message = bench.message('a', { v: 1 }, { 'message-id': 'm1', time: 1000, seq: 7, firmware: '2.0.0' });
  const contentType = 'application/x-meter';
  await bench.publish({ ...message, properties: { ...message.properties, contentType } });
  await bench.publish(bench.message('a', { v: 2 }, { 'message-id': 'm2' }));
  mend((v) => [{ data: { v: -v } }]);
  assert.deepEqual(await again(true), [2, 0, 2, 2, 0]);
  assert.deepEqual(
    drivers.requests.map(({ contentType, device }) => [contentType, device.firmwareVersion]),
    [
      [contentType, '2.0.0'],
      [undefined, (await bench.store.registry.device('a'))?.firmwareVersion],
    ],
  );
  const [later, earlier] = await bench.store.readings.history({ deviceId: 'a', limit: 5 });
  assert.deepEqual([earlier.time, earlier.seq, earlier.data], [1000, 7, { v: -1 }]);
  // Without a time of its own the one of its arrival counts, also where the driver said another before.
  assert.deepEqual([later.time, later.seq, later.data], [later.receivedAt, undefined, { v: -2 }]);
});
