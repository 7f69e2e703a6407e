import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../std/log.ts';
import type { Random } from '../../std/testing/random.ts';
import { forSeedsInTurn } from '../../std/testing/seed.ts';
import type { Reading } from '../reading.ts';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import { type SqliteLimits, sqliteLimits } from './limits.ts';
import { SqliteStore } from './store.ts';
import { isAsItsRows } from './testing/rolled-series.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

const minute = 60_000;
const ids = ['a', 'b'];
const usualKeys = ['v', 'k0', 'k1'];

class Rolling {
  readonly store: SqliteStore;
  readonly #path: string;

  constructor(store: SqliteStore, path: string) {
    this.store = store;
    this.#path = path;
  }

  /** Rows of roll-ups, and how far each width is. */
  get written(): { rows: number; reached: number[] } {
    const database = new DatabaseSync(this.#path, { readOnly: true });
    const { rows } = database.prepare('SELECT count(*) AS rows FROM rollups').get() as { rows: number };
    const progress = database.prepare('SELECT history_id AS id FROM rollup_progress ORDER BY width_ms').all();
    database.close();
    return { rows, reached: progress.map((each) => (each as { id: number }).id) };
  }

  execute(sql: string): void {
    const database = new DatabaseSync(this.#path);
    database.exec(sql);
    database.close();
  }

  async addDevice(id: string): Promise<void> {
    await this.store.registry.putDevice(testDevice({ id, type: 'meter' }));
  }

  async say(deviceId: string, ...readings: readonly Reading[]): Promise<void> {
    const messageId = `${deviceId}-${this.said++}`;
    await this.store.readings.apply([testMessage({ deviceId, messageId, readings })]);
  }

  said = 0;

  async correct(choose: () => boolean, readings: () => Reading[]): Promise<void> {
    const all = { deviceType: 'meter', from: 0, to: Number.MAX_SAFE_INTEGER, after: 0, end: undefined, limit: 1_000 };
    const { messages } = await this.store.raw.slice(all);
    const corrections = messages
      .filter(choose)
      .map((message) => ({ ...message, processedAt: 5_000, readings: readings() }));
    await this.store.raw.correct(corrections);
  }

  async isRight(keys: readonly string[] = usualKeys): Promise<void> {
    for (const deviceId of ids) {
      for (const intervalMs of [minute, 5 * minute, 10 * minute])
        await isAsItsRows(this.store, { deviceId, eventType: 'telemetry', keys, intervalMs });
    }
  }
}

async function open(t: Pick<TestContext, 'after'>, limits: Partial<SqliteLimits> = {}): Promise<Rolling> {
  const fixture = new SqliteFixture();
  const store = new SqliteStore({ path: fixture.path, log: silentLog, rollupWidthsMs: [minute, 5 * minute], limits });
  await store.start();
  t.after(() => fixture.close(store));
  await store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
  const rolling = new Rolling(store, fixture.path);
  for (const id of ids) await rolling.addDevice(id);
  return rolling;
}

const reading = (time: number, v: number): Reading => ({ eventType: 'telemetry', time, seq: undefined, data: { v } });

function moreThanARepairReads() {
  return Array.from({ length: sqliteLimits.rollupRepairRowsMax + 1 }, (_, i) =>
    testMessage({ deviceId: 'a', messageId: `many-${i}`, readings: [reading(i, 1)] }),
  );
}

test('what many rows come to is written once, a step for each width', async (t) => {
  const rolling = await open(t, { rollupRowsMax: 10, rollupWrittenMax: 1 });
  const { store } = rolling;
  for (let i = 0; i < 25; i++) await rolling.say('a', reading(i, i));
  for (let reads = 0; reads < 3; reads++) {
    assert.equal(await store.rollups.tick(), true);
    assert.deepEqual(rolling.written, { rows: 0, reached: [] });
  }
  assert.equal(await store.rollups.tick(), true);
  assert.deepEqual(rolling.written, { rows: 1, reached: [25] });
  await rolling.isRight();
  assert.equal(await store.rollups.tick(), false);
  assert.deepEqual(rolling.written, { rows: 2, reached: [25, 25] });
  await rolling.isRight();
  assert.equal(await store.rollups.tick(), false, 'there is nothing to read');
});

test('where rows never end, or each is of another series, what was read is written at a bound', async (t) => {
  const byRows = await open(t, { rollupRowsMax: 4, rollupGatheredMax: 6 });
  for (let i = 0; i < 20; i++) await byRows.say('a', reading(i, i));
  for (let steps = 0; steps < 2; steps++) assert.equal(await byRows.store.rollups.tick(), true);
  assert.deepEqual(byRows.written.reached, [6, 6]);
  const bySeries = await open(t, { rollupBucketsMax: 3, rollupWrittenMax: 4 });
  for (let i = 0; i < 20; i++) await bySeries.say('a', reading(i * 5 * minute, i));
  for (let steps = 0; steps < 3; steps++) assert.equal(await bySeries.store.rollups.tick(), true);
  assert.deepEqual(bySeries.written, { rows: 6, reached: [3, 3] });
  // Reading many of them together spares nothing: from here on a step reads what it writes.
  assert.equal(await bySeries.store.rollups.tick(), true);
  assert.deepEqual(bySeries.written, { rows: 10, reached: [5, 5] });
  const byText = await open(t, { rollupTextMax: 1_000 });
  for (let i = 0; i < 5; i++) await byText.say('a', { ...reading(i, i), data: { ['k'.repeat(600)]: i, [`${i}`]: i } });
  assert.equal(await byText.store.rollups.tick(), true);
  assert.deepEqual(byText.written.reached, [1, 1]);
});

test('a row that is corrected after it was read counts as it is now', async (t) => {
  const rolling = await open(t);
  await rolling.say('a', reading(0, 1));
  while (await rolling.store.rollups.tick());
  for (const v of [10, 20]) {
    await rolling.say('a', reading(1, v));
    await rolling.store.rollups.tick();
    let place = 0;
    // The first row behind those that are written; then with more readings than before, which come behind all.
    const readings = v === 10 ? [reading(0, 11)] : [reading(0, 21), reading(2 * minute, 22)];
    await rolling.correct(
      () => place++ === rolling.said - 1,
      () => readings,
    );
    while (await rolling.store.rollups.tick());
    await rolling.isRight();
  }
});

test('a step that fails is made again, and counts no row twice', async (t) => {
  const rolling = await open(t, { rollupWrittenMax: 1 });
  await rolling.say('a', reading(0, 1), reading(1, 2));
  rolling.execute(`CREATE TRIGGER full BEFORE INSERT ON rollup_progress WHEN new.width_ms = ${5 * minute}
    BEGIN SELECT raise(ABORT, 'no room'); END`);
  assert.equal(await rolling.store.rollups.tick(), true);
  assert.equal(await rolling.store.rollups.tick(), true);
  await assert.rejects(rolling.store.rollups.tick(), /no room/);
  assert.equal(rolling.written.rows, 1, 'of the width that was written before');
  await rolling.say('a', reading(2, 3));
  rolling.execute('DROP TRIGGER full');
  while (await rolling.store.rollups.tick());
  assert.deepEqual(rolling.written, { rows: 2, reached: [3, 3] });
  await rolling.isRight();
});

test('a device that goes after its rows were read leaves nothing to the next of its id, and others keep theirs', async (t) => {
  const rolling = await open(t);
  for (const id of ids) await rolling.say(id, reading(0, 1));
  await rolling.store.rollups.tick();
  await rolling.store.registry.removeDevice('a');
  await rolling.addDevice('a');
  while (await rolling.store.rollups.tick());
  assert.equal(rolling.written.rows, 2, 'those of the other device');
  await rolling.say('a', reading(1, 7));
  while (await rolling.store.rollups.tick());
  await rolling.isRight();
});

test('half a surrogate pair as a key stops neither the roll-ups nor their repair', async (t) => {
  const rolling = await open(t);
  const data = { '\ud800': 1, '\ud801': 2, '\ufffd': 3, v: 4 };
  await rolling.say('a', { ...reading(0, 1), data });
  while (await rolling.store.rollups.tick());
  await rolling.correct(
    () => true,
    () => [{ ...reading(0, 1), data: { ...data, v: 5 } }],
  );
  await rolling.say('b', reading(0, 6));
  while (await rolling.store.rollups.tick());
  await rolling.isRight(['v', '\ufffd']);
  assert.deepEqual(rolling.written.reached, [2, 2]);
});

test('a repair that takes several steps comes to its end while other devices go', async (t) => {
  const rolling = await open(t);
  const { store } = rolling;
  await store.readings.apply(moreThanARepairReads());
  while (await store.rollups.tick());
  let place = 0;
  await rolling.correct(
    () => place++ === 0,
    () => [reading(0, 2)],
  );
  // Two for each width.
  for (let steps = 4; steps > 0; steps--) {
    await store.rollups.tick();
    await store.registry.removeDevice('b');
    await rolling.addDevice('b');
  }
  await rolling.isRight();
});

test('a repair that had begun for a device that is gone does not go on for the next of its id', async (t) => {
  const rolling = await open(t);
  const { store } = rolling;
  await store.readings.apply(moreThanARepairReads());
  while (await store.rollups.tick());
  let place = 0;
  await rolling.correct(
    () => place++ === 0,
    () => [reading(0, 2)],
  );
  await store.rollups.tick();
  await store.registry.removeDevice('a');
  await rolling.addDevice('a');
  await rolling.say('a', reading(0, 7));
  await rolling.correct(
    () => true,
    () => [reading(0, 8)],
  );
  while (await store.rollups.tick());
  await rolling.isRight();
});

test('series are right whatever becomes of rows between two steps of the roll-ups', async () => {
  await forSeedsInTurn(6, async (random) => {
    const closing: (() => unknown)[] = [];
    const limits = {
      rollupRowsMax: 1 + random.below(6),
      rollupGatheredMax: 1 + random.below(20),
      rollupBucketsMax: 1 + random.below(12),
      rollupWrittenMax: random.below(20),
    };
    const rolling = await open({ after: (close) => closing.push(close as () => unknown) }, limits);
    try {
      for (let turn = 0; turn < 60; turn++) await somethingHappens(rolling, random);
      while (await rolling.store.rollups.tick());
      await rolling.isRight();
    } finally {
      for (const close of closing) await close();
    }
  });
});

async function somethingHappens(rolling: Rolling, random: Random): Promise<void> {
  const { store } = rolling;
  const readings = (): Reading[] =>
    random.list(0, 3, () => ({
      ...reading(random.below(20 * minute) - 5 * minute, random.below(50)),
      data: { v: random.below(50), [`k${random.below(2)}`]: random.below(9) },
    }));
  const id = ids[random.below(2)];
  const what = random.below(20);
  if (what < 9) await rolling.say(id, ...readings());
  else if (what < 15) await store.rollups.tick();
  else if (what < 17) {
    await rolling.correct(() => random.below(6) === 0, readings);
    // Until they are made again they tell the old numbers.
    while (await store.rollups.tick());
    await rolling.isRight();
  } else if (what < 18) await rolling.correct(() => random.below(6) === 0, readings);
  else if (what < 19) {
    await store.stop();
    await store.start();
  } else {
    await store.registry.removeDevice(id);
    await rolling.addDevice(id);
  }
}
