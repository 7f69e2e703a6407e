import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../std/log.ts';
import { forSeedsInTurn } from '../../std/testing/seed.ts';
import type { SeriesPoint, TypeSeriesQuery } from '../series.ts';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import { sqliteLimits } from './limits.ts';
import { SqliteStore } from './store.ts';
import { SqliteFixture } from './testing/store-fixture.ts';
import { typeSeries } from './type-series.ts';

const minute = 60_000;
const { signal } = new AbortController();
const question = { deviceType: 'meter', eventType: 'telemetry', intervalMs: 5 * minute, from: 0, to: 60 * minute };

async function openStore(t: Pick<TestContext, 'after'>, ids: readonly string[]): Promise<SqliteStore> {
  const fixture = new SqliteFixture();
  const store = new SqliteStore({ path: fixture.path, log: silentLog, rollupWidthsMs: [minute] });
  await store.start();
  t.after(() => fixture.close(store));
  for (const name of ['meter', 'other']) await store.registry.putDeviceType(testDeviceType({ name }));
  await store.registry.putDevices(
    ids.map((id) => ({
      device: testDevice({ id, type: id === 'stranger' ? 'other' : 'meter' }),
      tokenDigest: undefined,
    })),
  );
  return store;
}

function said(deviceId: string, at: number, data: Record<string, number>) {
  const readings = [{ eventType: 'telemetry', time: at, seq: undefined, data }];
  return testMessage({ deviceId, messageId: `${deviceId}-${at}`, readings });
}

test('a series over a type is that of its devices put together, with roll-ups and without', async (t) => {
  await forSeedsInTurn(8, async (random) => {
    const ids = ['a', 'b', 'c'];
    const store = await openStore(t, [...ids, 'stranger']);
    // Whole numbers and times of their own, so that sums and the last one are the same in any order.
    const messages = Array.from({ length: 60 }, (_, n) => {
      const at = ((n * 37) % 60) * minute + random.below(minute);
      return said([...ids, 'stranger'][random.below(4)], at, { v: random.below(100), w: random.below(9) });
    });
    await store.readings.apply(messages);
    for (let steps = random.below(3); steps > 0; steps--) await store.rollups.tick();
    const query = { ...question, keys: ['v', 'w', 'x'], limit: 1 + random.below(12) };
    const all = await store.series.ofType(query, signal);
    const apart = await store.series.points({ ...query, deviceIds: ids });
    assert.equal(all.devices, 3);
    assert.equal(all.next, apart.next);
    for (const { key, points } of all.series) {
      assert.deepEqual(points, together(query, messages, key, apart.next ?? query.to));
      const counts = apart.series.filter((each) => each.key === key).flatMap((each) => each.points);
      assert.equal(sum(points), sum(counts));
    }
  });
});

function together(
  { intervalMs }: TypeSeriesQuery,
  messages: readonly ReturnType<typeof said>[],
  key: string,
  to: number,
): SeriesPoint[] {
  const byStart = new Map<number, { time: number; value: number }[]>();
  for (const { deviceId, readings } of messages) {
    const [{ time, data }] = readings;
    if (deviceId === 'stranger' || time >= to || data[key] === undefined) continue;
    const start = Math.floor(time / intervalMs) * intervalMs;
    byStart.set(start, [...(byStart.get(start) ?? []), { time, value: Number(data[key]) }]);
  }
  return [...byStart]
    .sort(([one], [other]) => one - other)
    .map(([time, all]) => {
      const values = all.map(({ value }) => value);
      const total = values.reduce((one, other) => one + other);
      const last = all.toSorted((one, other) => one.time - other.time)[all.length - 1].value;
      const [min, max] = [Math.min(...values), Math.max(...values)];
      return { time, count: values.length, min, max, sum: total, avg: total / values.length, last };
    });
}

function sum(points: readonly SeriesPoint[]): number {
  return points.reduce((total, point) => total + point.sum, 0);
}

test('a type with more devices than a slice has is read to its last device, each once', async (t) => {
  const ids = Array.from(
    { length: sqliteLimits.seriesSliceDevicesMax + 7 },
    (_, n) => `d${String(n).padStart(5, '0')}`,
  );
  const store = await openStore(t, ids);
  await store.readings.apply(ids.map((id) => said(id, minute, { v: 1 })));
  const { devices, series } = await store.series.ofType({ ...question, keys: ['v'], limit: 10 }, signal);
  assert.equal(devices, ids.length);
  assert.deepEqual(
    series[0].points.map(({ count }) => count),
    [ids.length],
  );
  const none = await store.series.ofType({ ...question, deviceType: 'other', keys: ['v'], limit: 12 }, signal);
  assert.deepEqual(none, { devices: 0, series: [{ key: 'v', points: [] }], next: undefined });
});

test('what reads too many rows in all is refused with what to ask instead', async () => {
  let slices = 0;
  const endless = async () => {
    slices++;
    return { devices: 1, rows: sqliteLimits.typeSeriesRowsMax / 4, sums: [[]], after: 'd', next: undefined };
  };
  const refused = typeSeries({ ...question, keys: ['v'], limit: 1 }, signal, endless);
  await assert.rejects(refused, { code: 'quota_exceeded', detail: { limit: 'typeSeriesRowsMax' } });
  assert.equal(slices, 5);
});

test('nothing more is read for a caller who left', async () => {
  const caller = new AbortController();
  let slices = 0;
  const untilTheSecond = async () => {
    if (++slices === 2) caller.abort(new Error('left'));
    return { devices: 1, rows: 1, sums: [[]], after: 'd', next: undefined };
  };
  await assert.rejects(typeSeries({ ...question, keys: ['v'], limit: 1 }, caller.signal, untilTheSecond), /left/);
  assert.equal(slices, 2);
});
