import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { ExportPosition, ExportQuery } from '../series.ts';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import { sqliteLimits } from './limits.ts';
import type { SqliteStore } from './store.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

async function openStore(t: TestContext) {
  const fixture = new SqliteFixture();
  const store = await fixture.open();
  t.after(() => fixture.close(store));
  for (const name of ['meter', 'other']) await store.registry.putDeviceType(testDeviceType({ name }));
  return { store, path: fixture.path };
}

async function say(store: SqliteStore, deviceId: string, times: readonly number[], eventType = 'telemetry') {
  const batch = times.map((time, i) =>
    testMessage({
      deviceId,
      messageId: `${eventType}-${i}`,
      readings: [{ eventType, time, seq: undefined, data: { v: time } }],
    }),
  );
  await store.readings.apply(batch);
}

async function exported(store: SqliteStore, query: ExportQuery): Promise<{ text: string; slices: number }> {
  let text = '';
  let slices = 0;
  for (let after: ExportPosition | undefined; ; slices++) {
    const slice = await store.series.exported(query, after);
    text += slice.text;
    after = slice.next;
    if (after === undefined) return { text, slices: slices + 1 };
  }
}

test('an export has every reading once, device by device and oldest first, over many slices', async (t) => {
  const { store } = await openStore(t);
  const devices = { c: 'meter', a: 'meter', b: 'other', empty: 'meter' };
  for (const [id, type] of Object.entries(devices)) await store.registry.putDevice(testDevice({ id, type }));
  // Many with one time, over the end of a slice.
  const times = Array.from({ length: 1.5 * sqliteLimits.exportRowsMax }, (_, i) => (i * 7) % 5);
  for (const id of ['a', 'b', 'c']) await say(store, id, times);
  await say(store, 'a', [2, 9], 'door.opened');
  const read = async (query: Omit<ExportQuery, 'format'>) => {
    const { text, slices } = await exported(store, { ...query, format: 'ndjson' });
    const rows = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    return { rows, slices };
  };
  const { rows, slices } = await read({});
  assert.equal(rows.length, 3 * times.length + 2);
  assert.ok(slices > 3);
  const places = rows.map(({ deviceId, time }) => `${deviceId} ${time}`);
  assert.deepEqual(places, places.toSorted());
  assert.equal(new Set(rows.map((row) => `${row.deviceId} ${row.messageId}`)).size, rows.length);
  assert.deepEqual(rows[0], {
    deviceId: 'a',
    messageId: 'telemetry-0',
    eventType: 'telemetry',
    time: 0,
    receivedAt: 2_000,
    processedAt: 3_000,
    driver: 'json',
    driverVersion: '1.0.0',
    outcome: 'applied',
    data: { v: 0 },
  });
  const count = async (query: Omit<ExportQuery, 'format'>) => (await read(query)).rows.length;
  assert.equal(await count({ deviceType: 'other' }), times.length);
  assert.equal(await count({ deviceId: 'a', eventType: 'door.opened' }), 2);
  assert.equal(await count({ deviceId: 'a', from: 2, to: 4 }), (times.length / 5) * 2 + 1);
  assert.equal(await count({ deviceId: 'nobody' }), 0);
});

test('an export goes on over more devices without readings than one slice looks at', async (t) => {
  const { store, path } = await openStore(t);
  const outside = new DatabaseSync(path);
  outside.exec(`INSERT INTO devices (id, type, firmware_version, attributes, retired, created_at)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${2.5 * sqliteLimits.exportDevicesMax})
    SELECT 'e' || printf('%05d', i), 'meter', NULL, '{}', 0, 0 FROM n`);
  outside.close();
  await store.registry.putDevice(testDevice({ id: 'last', type: 'meter' }));
  await say(store, 'last', [1]);
  const { text, slices } = await exported(store, { deviceType: 'meter', format: 'ndjson' });
  assert.equal(JSON.parse(text).deviceId, 'last');
  assert.ok(slices >= 3);
});

test('CSV quotes what devices say, and nothing of it is a formula', async (t) => {
  const { store } = await openStore(t);
  await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  const readings = [{ eventType: 'telemetry', time: 0, seq: 3, data: { text: 'a "b",\r\nc' } }];
  await store.readings.apply([testMessage({ deviceId: 'a', messageId: '=HYPERLINK("x")', readings })]);
  const { text } = await exported(store, { format: 'csv' });
  const times = '1970-01-01T00:00:02.000Z,1970-01-01T00:00:03.000Z';
  assert.equal(
    text,
    `a,"'=HYPERLINK(""x"")",telemetry,1970-01-01T00:00:00.000Z,3,${times},json,1.0.0,applied,"{""text"":""a \\""b\\"",\\r\\nc""}"\r\n`,
  );
});
