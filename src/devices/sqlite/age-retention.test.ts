import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import { forSeedsInTurn } from '../../std/testing/seed.ts';
import type { RetentionOfType } from '../device-type.ts';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import { sqliteLimits } from './limits.ts';
import { SqliteStore } from './store.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

const minute = 60_000;
const usual = { inboxMs: 10 * minute, rawMs: 20 * minute };

/** A store with a device `a` of a type that says this of its retention, and `b` of one that says nothing. */
async function openStore(t: Pick<TestContext, 'after'>, retention: Partial<RetentionOfType>, rowsMax = 3) {
  const fixture = new SqliteFixture();
  const clock = new SimulatedClock(1_000 * minute);
  const limits = { ...usual, sweepRowsMax: rowsMax, sweepIntervalMs: Number.MAX_SAFE_INTEGER };
  const store = new SqliteStore({ path: fixture.path, log: silentLog, clock, limits });
  await store.start();
  t.after(() => fixture.close(store));
  const keep = (own: Partial<RetentionOfType>) =>
    store.registry.putDeviceType(testDeviceType({ name: 'own', retention: { raw: true, ...own } }));
  await keep(retention);
  await store.registry.putDeviceType(testDeviceType({ name: 'usual' }));
  await store.registry.putDevice(testDevice({ id: 'a', type: 'own' }));
  await store.registry.putDevice(testDevice({ id: 'b', type: 'usual' }));
  const outside = new DatabaseSync(fixture.path);
  t.after(() => outside.close());
  /** Ages in minutes of what is left, by device. */
  const left = (table: 'inbox' | 'raw'): Record<string, number[]> => {
    const rows = outside.prepare(`SELECT device_id AS id, processed_at AS at FROM ${table} ORDER BY at DESC, id`).all();
    const ages: Record<string, number[]> = { a: [], b: [] };
    for (const { id, at } of rows) ages[String(id)].push((clock.now() - Number(at)) / minute);
    return ages;
  };
  const say = (ages: readonly number[]) =>
    store.readings.apply(
      ages.flatMap((age) => ['a', 'b'].map((deviceId) => message(deviceId, clock.now() - age * minute))),
    );
  const sweep = async (): Promise<void> => {
    while (await store.sweeper.tick());
  };
  return { store, clock, keep, left, say, sweep };
}

function message(deviceId: string, processedAt: number) {
  const readings = [{ eventType: 'telemetry', time: processedAt, seq: undefined, data: { v: 1 } }];
  return testMessage({ deviceId, messageId: `m-${processedAt}`, processedAt, readings });
}

test('a type that keeps less loses its rows earlier, and the others keep theirs', async (t) => {
  const { left, say, sweep } = await openStore(t, { inboxMs: 4 * minute, rawMs: 15 * minute });
  await say([25, 18, 12, 8, 6, 3, 1]);
  await sweep();
  assert.deepEqual(left('inbox'), { a: [1, 3], b: [1, 3, 6, 8] });
  assert.deepEqual(left('raw'), { a: [1, 3, 6, 8, 12], b: [1, 3, 6, 8, 12, 18] });
});

test('a type that keeps more keeps its rows, and the others do not', async (t) => {
  const { left, say, sweep } = await openStore(t, { inboxMs: 15 * minute, rawMs: 30 * minute });
  await say([40, 25, 18, 12, 8, 1]);
  await sweep();
  assert.deepEqual(left('inbox'), { a: [1, 8, 12], b: [1, 8] });
  assert.deepEqual(left('raw'), { a: [1, 8, 12, 18, 25], b: [1, 8, 12, 18] });
});

test('what a type says anew holds for the rows that are there', async (t) => {
  const { clock, keep, left, say, sweep } = await openStore(t, { inboxMs: 30 * minute });
  await say([9, 7, 5, 3, 1]);
  clock.advance(minute);
  await sweep();
  assert.deepEqual(left('inbox'), { a: [2, 4, 6, 8, 10], b: [2, 4, 6, 8, 10] });
  await keep({ inboxMs: 4 * minute });
  await sweep();
  assert.deepEqual(left('inbox'), { a: [2, 4], b: [2, 4, 6, 8, 10] });
});

test('rows of a device that is gone, or has another type now, go at the latest with the longest age', async (t) => {
  const { store, clock, left, say, sweep } = await openStore(t, { rawMs: 30 * minute });
  await say([5]);
  clock.advance(16 * minute);
  await sweep();
  await store.registry.putDevice(testDevice({ id: 'a', type: 'usual' }));
  assert.deepEqual(left('raw'), { a: [21], b: [] });
  clock.advance(10 * minute);
  await sweep();
  assert.deepEqual(left('raw'), { a: [], b: [] });
});

test('more ages than are walked are kept longer, and never shorter', async (t) => {
  const { store, left, say, sweep } = await openStore(t, { inboxMs: 9 * minute });
  for (let n = 0; n < sqliteLimits.retentionAgesMax; n++) {
    const retention = { raw: true, inboxMs: minute + n };
    await store.registry.putDeviceType(testDeviceType({ name: `t-${n}`, retention }));
  }
  await store.registry.putDevice(testDevice({ id: 'a', type: 't-0' }));
  await say([11, 8, 2]);
  await sweep();
  assert.deepEqual(left('inbox'), { a: [], b: [2, 8] });
  await store.registry.putDevice(testDevice({ id: 'a', type: 'own' }));
  await say([9.5]);
  await sweep();
  assert.deepEqual(left('inbox'), { a: [9.5], b: [2, 8, 9.5] });
});

test('whatever the ages, steps and order, a sweep leaves what each type keeps', async (t) => {
  await forSeedsInTurn(20, async (random) => {
    const age = (): number => (1 + random.below(20)) * minute;
    const own = { inboxMs: age(), rawMs: age() };
    const { clock, left, say, sweep } = await openStore(t, own, 1 + random.below(5));
    const times: number[] = [];
    for (let round = 0; round < 4; round++) {
      const ages = [...new Set(random.list(0, 6, () => random.below(3)))].sort((one, other) => other - one);
      await say(ages);
      times.unshift(...ages.map((each) => clock.now() - each * minute).reverse());
      clock.advance((3 + random.below(10)) * minute);
      await sweep();
      const kept = (ms: number): number[] =>
        times.map((time) => clock.now() - time).flatMap((each) => (each <= ms ? [each / minute] : []));
      for (const name of ['inbox', 'raw'] as const) {
        assert.deepEqual(left(name), { a: kept(own[`${name}Ms`]), b: kept(usual[`${name}Ms`]) });
      }
    }
  });
});
