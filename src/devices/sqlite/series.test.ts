import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { JsonValue } from '../../std/json.ts';
import { silentLog } from '../../std/log.ts';
import type { Random } from '../../std/testing/random.ts';
import { forSeedsInTurn } from '../../std/testing/seed.ts';
import type { DeviceSeries, SeriesPoint, SeriesQuery } from '../series.ts';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import { sqliteLimits } from './limits.ts';
import { SqliteStore } from './store.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

const minute = 60_000;
const widths = [minute, 5 * minute];

async function openStore(t: TestContext, limits: Partial<typeof sqliteLimits> = {}): Promise<SqliteStore> {
  const fixture = new SqliteFixture();
  const store = new SqliteStore({ path: fixture.path, log: silentLog, rollupWidthsMs: widths, limits });
  await store.start();
  t.after(() => fixture.close(store));
  await store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
  for (const id of ['a', 'b']) await store.registry.putDevice(testDevice({ id, type: 'meter' }));
  return store;
}

interface Said {
  readonly deviceId: string;
  readonly time: number;
  readonly eventType: string;
  readonly data: Record<string, JsonValue>;
}

async function say(store: SqliteStore, from: number, said: readonly Said[]): Promise<void> {
  const batch = said.map(({ deviceId, time, eventType, data }, i) =>
    testMessage({ deviceId, messageId: `m-${from + i}`, readings: [{ eventType, time, seq: undefined, data }] }),
  );
  await store.readings.apply(batch);
}

function randomSaid(random: Random): Said {
  const values = [random.below(100), random.below(100) / 4, random.below(2) === 1, 'warm', null, { nested: 1 }];
  return {
    deviceId: random.below(2) === 1 ? 'a' : 'b',
    // In any order, so that many of them are stale, and some with the time of another.
    time: random.below(40 * minute) - 10 * minute,
    eventType: random.below(8) === 0 ? 'other' : 'telemetry',
    data: { v: values[random.below(values.length)], '"w.$': random.below(10) },
  };
}

/** What a reader would work out by hand. */
function model(said: readonly Said[], query: SeriesQuery): DeviceSeries[] {
  return query.deviceIds.flatMap((deviceId) =>
    query.keys.map((key) => {
      const byStart = new Map<number, { time: number; value: number }[]>();
      for (const each of said) {
        const value = each.data[key];
        const isNumber = typeof value === 'number' || typeof value === 'boolean';
        if (!isNumber || each.deviceId !== deviceId || each.eventType !== query.eventType) continue;
        if (each.time < query.from || each.time >= query.to) continue;
        const start = Math.floor(each.time / query.intervalMs) * query.intervalMs;
        byStart.set(start, [...(byStart.get(start) ?? []), { time: each.time, value: Number(value) }]);
      }
      const starts = [...byStart.keys()].sort((a, b) => a - b);
      return { deviceId, key, points: starts.map((start) => modelPoint(start, byStart.get(start) ?? [])) };
    }),
  );
}

function modelPoint(time: number, rows: { time: number; value: number }[]): SeriesPoint {
  const values = rows.map(({ value }) => value);
  const sum = values.reduce((a, b) => a + b, 0);
  const newest = Math.max(...rows.map((row) => row.time));
  const last = rows.filter((row) => row.time === newest).at(-1)?.value ?? Number.NaN;
  return {
    time,
    count: rows.length,
    min: Math.min(...values),
    max: Math.max(...values),
    sum,
    avg: sum / rows.length,
    last,
  };
}

test('a series is what a reader would work out, however far the roll-ups are and whatever came late', async (t) => {
  const store = await openStore(t, { rollupRowsMax: 7, rollupGatheredMax: 20, rollupBucketsMax: 12 });
  const said: Said[] = [];
  await forSeedsInTurn(12, async (random) => {
    const more = Array.from({ length: 40 }, () => randomSaid(random));
    await say(store, said.length, more);
    said.push(...more);
    for (let steps = random.below(9); steps > 0; steps--) await store.rollups.tick();
    for (const intervalMs of [7_000, minute, 2 * minute, 5 * minute, 10 * minute]) {
      const from = random.below(20 * minute) - 10 * minute;
      const to = from + random.below(25 * minute);
      const keys = ['v', '"w.$', '__proto__', 'toString'];
      const query = { deviceIds: ['a', 'b'], eventType: 'telemetry', keys, intervalMs, from, to, limit: 1_000 };
      const { series, next } = await store.series.points(query);
      assert.deepEqual({ series, next }, { series: model(said, query), next: undefined });
    }
  });
});

test('pages of a series follow each other without a gap, and are shorter for many keys', async (t) => {
  const store = await openStore(t);
  const said = Array.from({ length: 50 }, (_, i) => {
    return { deviceId: 'a', time: i * 30_000 + 7, eventType: 'telemetry', data: { v: i } };
  });
  await say(store, 0, said);
  const query = {
    deviceIds: ['a'],
    eventType: 'telemetry',
    keys: ['v'],
    intervalMs: minute,
    to: 50 * 30_000,
    limit: 4,
  };
  const points: SeriesPoint[] = [];
  for (let from: number | undefined = 90_000; from !== undefined; ) {
    const page = await store.series.points({ ...query, from });
    points.push(...page.series[0].points);
    from = page.next;
  }
  assert.deepEqual(points, model(said, { ...query, from: 90_000 })[0].points);
  const keys = Array.from({ length: sqliteLimits.seriesPointsMax / 2 }, (_, i) => `k${i}`);
  const cut = await store.series.points({ ...query, keys, from: 0 });
  assert.equal(cut.next, 2 * minute);
});

test('a page without a number says from when to when there are some, whatever span was asked for', async (t) => {
  const store = await openStore(t);
  const at = (minutes: number, data: Said['data'], deviceId = 'a'): Said => {
    return { deviceId, time: minutes * minute, eventType: 'telemetry', data };
  };
  await say(store, 0, [
    at(1, { w: 1 }),
    at(500, { v: 1 }),
    at(900, { v: 2 }),
    at(901, { v: 'x' }),
    at(950, { v: 3 }, 'b'),
  ]);
  const query = { deviceIds: ['a'], eventType: 'telemetry', keys: ['v'], intervalMs: minute, limit: 5 };
  const numbersIn = async (from: number, to: number, more = {}) =>
    (await store.series.points({ ...query, ...more, from: from * minute, to: to * minute })).numbers;
  const all = { from: 500 * minute, to: 900 * minute };
  for (const [from, to] of [
    [0, 100],
    [0, 2_000],
    [600, 700],
    [1_500, 2_000],
  ]) {
    assert.deepEqual(await numbersIn(from, to), all, `${from} to ${to}`);
  }
  assert.deepEqual(await numbersIn(0, 9, { deviceIds: ['a', 'b'] }), { ...all, to: 950 * minute });
  assert.equal(await numbersIn(500, 501), undefined, 'there are some on the page');
  assert.equal(await numbersIn(0, 9, { keys: ['none'] }), undefined);
  for (let more = 3; more > 0; more--) await store.rollups.tick();
  assert.deepEqual(await numbersIn(0, 2_000), all);
});

test('roll-ups go on after a restart where they were, and count no reading twice', async (t) => {
  const store = await openStore(t, { rollupRowsMax: 10, rollupGatheredMax: 20 });
  const said = Array.from({ length: 95 }, (_, i) => {
    return { deviceId: 'a', time: (i % 9) * minute, eventType: 'telemetry', data: { v: i } };
  });
  await say(store, 0, said);
  // Two that read, one that writes one width of two: the other is behind it.
  for (let steps = 3; steps > 0; steps--) await store.rollups.tick();
  await store.stop();
  await store.start();
  while (await store.rollups.tick());
  assert.equal(await store.rollups.tick(), false);
  const query = { deviceIds: ['a'], eventType: 'telemetry', keys: ['v'], intervalMs: minute };
  const all = { ...query, from: 0, to: 10 * minute, limit: 100 };
  assert.deepEqual((await store.series.points(all)).series, model(said, all));
});

test('a series that needs too many rows is refused, with what to ask instead', async (t) => {
  const fixture = new SqliteFixture();
  const store = await fixture.open();
  t.after(() => fixture.close(store));
  await store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
  await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  const outside = new DatabaseSync(fixture.path);
  outside.exec(`INSERT INTO history
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= ${sqliteLimits.seriesRowsMax})
    SELECT i, 'a', 'm' || i, 'telemetry', 1000, NULL, 1000, 1000, 'json', '1.0.0', 'applied', '{"v":1}', NULL FROM n`);
  outside.close();
  const query = {
    deviceIds: ['a'],
    eventType: 'telemetry',
    keys: ['v'],
    intervalMs: minute,
    from: 0,
    to: minute,
    limit: 1,
  };
  await assert.rejects(store.series.points(query), { code: 'quota_exceeded', message: /^Ask for fewer devices/ });
  // The thread has ended its transaction, and answers the next.
  assert.equal((await store.series.points({ ...query, to: 1000 })).series[0].points.length, 0);
});

test('the tables can be read by another program while the server writes', async (t) => {
  const fixture = new SqliteFixture();
  const store = await fixture.open();
  t.after(() => fixture.close(store));
  await store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
  await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  let written = 0;
  let running = true;
  const writing = (async () => {
    for (; running; written++)
      await say(store, written, [{ deviceId: 'a', time: written, eventType: 't', data: { v: written } }]);
  })();
  const script = `
    const { DatabaseSync } = require('node:sqlite');
    const database = new DatabaseSync(process.argv[1], { readOnly: true });
    const sql = "SELECT (SELECT count(*) FROM history) AS history, (SELECT count(*) FROM inbox) AS inbox, (SELECT max(data ->> 'v') + 1 FROM history) AS newest";
    process.stdout.write(JSON.stringify(database.prepare(sql).get()));`;
  await say(store, 1_000_000, [{ deviceId: 'a', time: -1, eventType: 't', data: { v: -1 } }]);
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, fixture.path]);
  running = false;
  await writing;
  const { history, inbox } = JSON.parse(stdout);
  assert.ok(history >= 1);
  assert.equal(history, inbox);
});
