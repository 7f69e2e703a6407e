import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import { migrations } from './migrations.ts';
import { SqliteStore } from './store.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

const clock = new SimulatedClock();
const limits = { requestsMax: 4, sweepRowsMax: 2, inboxMs: 1000, rawMs: 2000, sweepIntervalMs: 10_000, pageRowsMax: 3 };
let fixture: SqliteFixture;
let store: SqliteStore;

beforeEach(async () => {
  fixture = new SqliteFixture(limits, clock);
  store = await fixture.open();
  await store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
  for (const id of ['a', 'b', 'good', 'poison']) await store.registry.putDevice(testDevice({ id, type: 'meter' }));
});
afterEach(() => fixture.close(store));

test('an error of SQLite rejects the whole batch with storage_failed, and the next batch is stored', async () => {
  outside((database) =>
    database.exec(`CREATE TRIGGER refuse BEFORE INSERT ON history WHEN new.device_id = 'poison'
                   BEGIN SELECT RAISE(ABORT, 'disk on fire'); END`),
  );
  const batch = [message('good', 'm-1', 1000), message('poison', 'm-2', 1000), message('good', 'm-3', 2000)];
  await assert.rejects(store.readings.apply(batch), { code: 'storage_failed', message: /disk on fire/ });
  assert.deepEqual(await store.readings.state('good'), []);
  assert.deepEqual(await store.readings.history({ deviceId: 'good', limit: 9 }), []);
  assert.deepEqual(await store.readings.apply([message('good', 'm-0', 500)]), ['applied']);
  assert.deepEqual(await store.readings.apply([batch[0], batch[2]]), ['applied', 'applied']);
  assert.equal((await store.readings.state('good'))[0].messageId, 'm-3');
});

test('state that another program changed is read again', async () => {
  await store.readings.apply([message('a', 'm-1', 5000)]);
  outside((database) => database.exec("UPDATE state SET time = 100 WHERE device_id = 'a'"));
  assert.deepEqual(await store.readings.apply([message('a', 'm-2', 200)]), ['applied']);
});

test('the sweep has its turn also where as many requests wait as may', async () => {
  const putting = Array.from({ length: limits.requestsMax }, () =>
    store.registry.putDeviceType(testDeviceType({ name: 'meter' })),
  );
  await assert.rejects(store.registry.putDeviceType(testDeviceType({ name: 'meter' })), { code: 'unavailable' });
  assert.equal(typeof (await store.sweeper.tick()), 'boolean');
  await Promise.all(putting);
});

test('beyond requestsMax waiting a request is refused with unavailable, and those before it are served', async () => {
  const served = Array.from({ length: 4 }, (_, i) => store.registry.device(`d-${i}`));
  await assert.rejects(store.registry.device('d-4'), { code: 'unavailable', detail: { limit: 'requestsMax' } });
  assert.deepEqual(await Promise.all(served), [undefined, undefined, undefined, undefined]);
  assert.equal(await store.registry.device('d-4'), undefined);
});

test('old message ids and raw bytes are swept in bounded steps, history stays', async () => {
  const start = clock.now();
  await store.readings.apply([0, 1, 2].map((i) => message('a', `old-${i}`, i, start)));
  clock.advance(1500);
  await store.readings.apply([message('a', 'young', 9, clock.now())]);
  assert.deepEqual([await store.sweeper.tick(), await store.sweeper.tick()], [true, false]);
  assert.deepEqual(counts(), { inbox: 1, raw: 4, history: 4 });
  clock.advance(600);
  assert.deepEqual([await store.sweeper.tick(), await store.sweeper.tick()], [true, false]);
  assert.deepEqual(counts(), { inbox: 1, raw: 1, history: 4 });
});

test('a device with more history than one step takes is removed whole', async () => {
  await store.readings.apply(Array.from({ length: 7 }, (_, i) => message('a', `m-${i}`, i)));
  await store.readings.apply([message('b', 'm-0', 1)]);
  assert.equal(await store.registry.removeDevice('a'), true);
  assert.deepEqual(counts(), { inbox: 1, raw: 1, history: 1 });
});

test('a page longer than pageRowsMax is cut to it', async () => {
  await store.readings.apply(Array.from({ length: 5 }, (_, i) => message('a', `m-${i}`, i)));
  assert.equal((await store.readings.history({ deviceId: 'a', limit: 1000 })).length, 3);
});

test('requests that wait when the store stops are answered, later ones refused', async () => {
  const waiting = store.readings.apply([message('a', 'm-1', 1)]);
  await store.stop();
  assert.deepEqual(await waiting, ['applied']);
  await assert.rejects(store.registry.device('a'), { code: 'unavailable' });
  assert.equal(existsSync(`${fixture.path}-wal`), false, 'the write-ahead log was folded into the file');
});

test('a file that is no database, or of a later version, does not start', async () => {
  const folder = new SqliteStore({ path: fixture.folder, log: silentLog });
  await assert.rejects(folder.start(), { code: 'storage_failed' });
  await folder.stop();
  outside((database) => database.exec(`PRAGMA user_version = ${migrations.length + 1}`));
  const later = new SqliteStore({ path: fixture.path, log: silentLog });
  await assert.rejects(later.start(), { code: 'storage_failed', message: /its tables are of version/ });
  await later.stop();
});

function message(deviceId: string, messageId: string, time: number, processedAt = 0): ReturnType<typeof testMessage> {
  const readings = [{ eventType: 'telemetry', time, seq: undefined, data: { v: time } }];
  return testMessage({ deviceId, messageId, processedAt, readings });
}

function outside<T>(body: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(fixture.path);
  try {
    return body(database);
  } finally {
    database.close();
  }
}

function counts(): Record<string, number> {
  return outside((database) => {
    const count = (table: string): number =>
      (database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
    return { inbox: count('inbox'), raw: count('raw'), history: count('history') };
  });
}
