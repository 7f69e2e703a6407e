import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../testing/served.ts';

const path = '/v1/device-types/meter/schemas/telemetry';

test('the schema of one event type is put and taken away while the rest of the device type stays', async (t) => {
  const { call, store } = await serve(t);
  await call('PUT', '/v1/device-types/meter', { mode: 'inline', schemas: { alarm: { type: 'object' } } });
  assert.equal((await call('PUT', path, { type: 'object', minProperties: 1 })).status, 200);
  assert.deepEqual(Object.keys(store.types.get('meter')?.schemas ?? {}), ['alarm', 'telemetry']);
  assert.equal(store.types.get('meter')?.mode, 'inline');
  assert.equal((await call('DELETE', path)).status, 204);
  assert.deepEqual(Object.keys(store.types.get('meter')?.schemas ?? {}), ['alarm']);
  assert.equal((await call('DELETE', path)).status, 404);
});

test('the versions of a schema are listed with the one that is current', async (t) => {
  const { call, store } = await serve(t);
  assert.equal((await call('GET', path)).status, 404);
  await call('PUT', '/v1/device-types/meter', {});
  store.schemaVersions.push({ version: 2, schema: { type: 'object' }, createdAt: 5 });
  const { body } = await call('GET', path);
  assert.deepEqual(body, { versions: [{ version: 2, schema: { type: 'object' }, createdAt: 5 }] });
});

test('a device type is shown and removed', async (t) => {
  const { call } = await serve(t);
  await call('PUT', '/v1/device-types/meter', { eventTypes: { 'alarm.*': { mode: 'inline' } } });
  assert.deepEqual((await call('GET', '/v1/device-types/meter')).body.eventTypes, { 'alarm.*': { mode: 'inline' } });
  assert.equal((await call('DELETE', '/v1/device-types/meter')).status, 204);
  assert.equal((await call('DELETE', '/v1/device-types/meter')).status, 404);
  assert.equal((await call('GET', '/v1/device-types/meter')).status, 404);
});

test('settings of event types that cannot be are refused where they are wrong', async (t) => {
  const { call } = await serve(t);
  for (const eventTypes of [
    { 'alarm*': {} },
    { alarm: { mode: 'now' } },
    { alarm: { bytesMax: 0 } },
    { alarm: { rates: {} } },
  ]) {
    assert.equal((await call('PUT', '/v1/device-types/meter', { eventTypes })).status, 400, JSON.stringify(eventTypes));
  }
});

test('an event type that is called as what every object inherits has no schema while nobody gave it one', async (t) => {
  const { call } = await serve(t);
  await call('PUT', '/v1/device-types/meter', {});
  for (const event of ['constructor', '__proto__']) {
    const { body } = await call('GET', `/v1/device-types/meter/schemas/${event}`);
    assert.deepEqual(body, { versions: [] }, event);
  }
});
