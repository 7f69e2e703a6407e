import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemaVersionsMax } from '../event-schemas.ts';
import { testDevice, testDeviceType } from '../testing/store-samples.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

const typed = (type: string): { telemetry: { type: string } } => ({ telemetry: { type } });

test('a schema that differs from the newest is the next version, and the type says which it has', async (t) => {
  const fixture = new SqliteFixture();
  let store = await fixture.open();
  t.after(() => fixture.close(store));
  const put = async (schemas: Record<string, { type: string }>) =>
    (await store.registry.putDeviceType(testDeviceType({ name: 'meter', schemas }))).schemaVersions;
  assert.deepEqual(await put(typed('object')), { telemetry: 1 });
  assert.deepEqual(await put(typed('object')), { telemetry: 1 });
  assert.deepEqual(await put({ ...typed('array'), alarm: { type: 'object' } }), { telemetry: 2, alarm: 1 });
  assert.deepEqual(await put({}), {});
  assert.deepEqual(await put(typed('array')), { telemetry: 2 });
  assert.deepEqual(await put(typed('object')), { telemetry: 3 });
  store = await fixture.reopen(store);
  assert.deepEqual((await store.registry.deviceTypes())[0].schemaVersions, { telemetry: 3 });
  const versions = await store.schemas.versions('meter', 'telemetry');
  assert.deepEqual(
    versions.map(({ version, schema }) => [version, schema.type]),
    [
      [3, 'object'],
      [2, 'array'],
      [1, 'object'],
    ],
  );
});

test('the oldest versions make room, and the count goes on', async (t) => {
  const fixture = new SqliteFixture();
  const store = await fixture.open();
  t.after(() => fixture.close(store));
  for (let i = 1; i <= schemaVersionsMax + 5; i++) {
    await store.registry.putDeviceType(testDeviceType({ name: 'meter', schemas: { telemetry: { maximum: i } } }));
  }
  const versions = await store.schemas.versions('meter', 'telemetry');
  assert.deepEqual([versions.length, versions[0].version], [schemaVersionsMax, schemaVersionsMax + 5]);
  const name = { deviceType: 'meter', eventType: 'telemetry' };
  assert.deepEqual(await store.schemas.schema({ ...name, version: 6 }), versions.at(-1)?.schema);
  assert.equal(await store.schemas.schema({ ...name, version: 5 }), undefined);
});

test('a device type goes with its schemas, and not while it has devices', async (t) => {
  const fixture = new SqliteFixture();
  const store = await fixture.open();
  t.after(() => fixture.close(store));
  await store.registry.putDeviceType(testDeviceType({ name: 'meter', schemas: typed('object') }));
  await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  await assert.rejects(store.registry.removeDeviceType('meter'), {
    code: 'conflict',
    message: /type "meter" first: there are 1/,
  });
  await store.registry.removeDevice('a');
  assert.equal(await store.registry.removeDeviceType('meter'), true);
  assert.equal(await store.registry.removeDeviceType('meter'), false);
  assert.deepEqual(await store.schemas.versions('meter', 'telemetry'), []);
});
