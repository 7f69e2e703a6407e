import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { silentLog } from '../../std/log.ts';
import { forSeeds, forSeedsInTurn } from '../../std/testing/seed.ts';
import type { Reading } from '../reading.ts';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import { migrations } from './migrations.ts';
import { RollupRepairs } from './rollup-repairs.ts';
import { type RolledRow, RollupSums } from './rollup-sums.ts';
import { SqliteStore } from './store.ts';
import { isAsItsRows } from './testing/rolled-series.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

const minute = 60_000;

test('roll-ups of readings that were decoded again are made again, before and after they were rolled up', async () => {
  await forSeedsInTurn(4, async (random) => {
    const fixture = new SqliteFixture();
    const limits = { rollupRowsMax: 5, rollupGatheredMax: 12, rollupBucketsMax: 9 };
    const keys = ['v', 'k0', 'k1', 'k2'];
    const store = new SqliteStore({ path: fixture.path, log: silentLog, rollupWidthsMs: [minute, 5 * minute], limits });
    await store.start();
    await store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
    await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
    const readings = (): Reading[] =>
      random.list(0, 3, () => ({
        eventType: random.below(3) === 0 ? 'door' : 'telemetry',
        time: random.below(20 * minute) - 5 * minute,
        seq: undefined,
        data: { v: random.below(50), [`k${random.below(3)}`]: random.below(9) },
      }));
    const batch = Array.from({ length: 30 }, (_, i) => {
      return testMessage({ deviceId: 'a', messageId: `m-${i}`, readings: readings() });
    });
    await store.readings.apply(batch);
    for (let steps = random.below(8); steps > 0; steps--) await store.rollups.tick();
    const all = { deviceType: 'meter', from: 0, to: Number.MAX_SAFE_INTEGER, after: 0, end: undefined, limit: 1000 };
    const { messages } = await store.raw.slice(all);
    const chosen = messages.filter(() => random.below(2) === 0);
    await store.raw.correct(chosen.map((message) => ({ ...message, processedAt: 5_000, readings: readings() })));
    // So that what was written down survives a restart.
    await store.stop();
    await store.start();
    while (await store.rollups.tick());
    for (const eventType of ['telemetry', 'door']) {
      for (const intervalMs of [minute, 5 * minute, 10 * minute])
        await isAsItsRows(store, { deviceId: 'a', eventType, keys, intervalMs });
    }
    await fixture.close(store);
  });
});

test('an interval with more rows and keys than a step takes is made again in steps, and anew where it changes meanwhile', async () => {
  await forSeeds(20, (random) => {
    const database = new DatabaseSync(':memory:');
    for (const migration of migrations) database.exec(migration);
    database.exec(`
      INSERT INTO device_types (name, mode, schema_policy, schemas, future_time_ms_max) VALUES ('t', 'queued', 'off', '{}', 0);
      INSERT INTO devices (id, type, attributes, retired, created_at) VALUES ('a', 't', '{}', 0, 0), ('b', 't', '{}', 0, 0);
      INSERT INTO rollup_progress VALUES (${minute}, 1000);
    `);
    const insert = database.prepare(
      `INSERT OR REPLACE INTO history VALUES (?, ?, 'm', 'e', ?, NULL, 0, 0, 'd', '1', 'applied', ?, NULL)`,
    );
    // Among them keys that come in another order in UTF-8 than in JavaScript.
    const keys = ['', 'a', 'b', 'é', '\ue000', '\ufb00', '\u{1f600}', '\u{10ffff}', 'z', 'zz'];
    const change = (id: number): number => {
      const time = random.below(2 * minute);
      const values = random.list(0, 6, () => [keys[random.below(keys.length)], random.below(100)] as const);
      insert.run(id, random.below(4) === 0 ? 'b' : 'a', time, JSON.stringify(Object.fromEntries(values)));
      return time;
    };
    const all = (): RolledRow[] =>
      database.prepare('SELECT * FROM history ORDER BY time, id').all() as unknown as RolledRow[];
    const expected = (): unknown => {
      const fresh = new DatabaseSync(':memory:');
      for (const migration of migrations) fresh.exec(migration);
      const sums = new RollupSums([minute]);
      for (const row of all()) sums.add(row);
      sums.write(fresh, minute);
      return rollupsOf(fresh);
    };
    const rollupsOf = (from: DatabaseSync): unknown =>
      from.prepare('SELECT * FROM rollups ORDER BY device_id, key, start').all();
    for (let id = 1; id <= 40; id++) change(id);
    const sums = new RollupSums([minute]);
    for (const row of all()) sums.add(row);
    sums.write(database, minute);
    const limits = {
      rollupRepairsMax: 1 + random.below(3),
      rollupRepairRowsMax: 1 + random.below(8),
      rollupRepairKeysMax: 1 + random.below(4),
    };
    const repairs = new RollupRepairs(database, limits);
    const correct = (): void => {
      const id = 1 + random.below(40);
      const before = database.prepare('SELECT device_id, time FROM history WHERE id = ?').get(id) as {
        device_id: string;
        time: number;
      };
      const time = change(id);
      const after = database.prepare('SELECT device_id FROM history WHERE id = ?').get(id) as { device_id: string };
      repairs.mark(before.device_id, 'e', before.time, 0);
      repairs.mark(after.device_id, 'e', time, 0);
    };
    for (let corrections = 0; corrections < 10; corrections++) {
      correct();
      for (let steps = random.below(6); steps > 0; steps--) repairs.step();
      if (random.below(5) === 0) repairs.undo();
    }
    while (repairs.step());
    assert.deepEqual(rollupsOf(database), expected());
    database.close();
  });
});
