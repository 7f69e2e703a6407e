import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { verifySecret } from '../../access/secrets.ts';
import type { HistoryRow } from '../../devices/store.ts';
import type { MemoryStore } from '../testing/memory-store.ts';
import { serve } from '../testing/served.ts';

async function serveMeters(t: TestContext, ...ids: string[]) {
  const served = await serve(t);
  await served.call('PUT', '/v1/device-types/meter', {});
  for (const id of ids) await served.call('PUT', `/v1/devices/${id}`, { type: 'meter' });
  return served;
}

async function hashOf(store: MemoryStore): Promise<string> {
  return (await store.credentials.list('d1')).at(-1)?.verifier ?? '';
}

test('a device type is put with its defaults and listed', async (t) => {
  const { call } = await serve(t);
  const schemas = { telemetry: { type: 'object' } };
  const { status, body } = await call('PUT', '/v1/device-types/meter', { mode: 'inline', schemas, fPort: 2 });
  assert.equal(status, 200);
  assert.deepEqual(body, {
    name: 'meter',
    mode: 'inline',
    schemaPolicy: 'enforce',
    schemas,
    schemaVersions: {},
    fPort: 2,
    readings: 'decoded',
    futureTimeMsMax: 300_000,
    timePolicy: 'refuse',
    rates: { device: {}, type: {} },
    retention: { raw: true },
    eventTypes: {},
    childTypes: [],
  });
  assert.deepEqual((await call('GET', '/v1/device-types')).body.deviceTypes, [body]);
  assert.equal((await call('PUT', '/v1/device-types/meter', { mode: 'now' })).status, 400);
  assert.equal((await call('PUT', '/v1/device-types/a%2Fb', {})).status, 400);
});

test('a driver is brought with its version, and one that does not load is refused', async (t) => {
  const { call, store, pipeline } = await serve(t);
  pipeline.driverWarnings.push('It is alone');
  const script = 'function decodeUplink(input) { return { data: {} }; }';
  const { status, body } = await call('PUT', '/v1/drivers/meter/1.2.0', {
    deviceType: 'meter',
    firmware: '>=2',
    script,
  });
  assert.equal(status, 201);
  assert.equal(body.script, undefined);
  assert.equal(body.version, '1.2.0');
  const set = 'make it with `sluice device type set meter`';
  assert.deepEqual(body.warnings, ['It is alone', `There is no device type "meter" yet: ${set}`]);
  pipeline.driverWarnings.length = 0;
  await call('PUT', '/v1/device-types/meters', {});
  const near = await call('PUT', '/v1/drivers/meter/1.2.0', { deviceType: 'meter', script });
  assert.deepEqual(near.body.warnings, [`There is no device type "meter" yet: ${set}, or name "meters"`]);
  await call('PUT', '/v1/device-types/meter', {});
  assert.deepEqual((await call('PUT', '/v1/drivers/meter/1.2.0', { deviceType: 'meter', script })).body.warnings, []);
  pipeline.driverWarnings.push('It is alone');
  assert.equal(store.brought[0].script, script);
  const examples = [{ description: 'e', bytes: '00ff', fPort: 2, output: { data: {} } }];
  const unusable = [{ description: 'u', problem: 'It has no output' }];
  const proved = await call('PUT', '/v1/drivers/meter/1.3.0?acceptFailingExamples=true', {
    deviceType: 'meter',
    script,
    examples,
    unusableExamples: unusable,
  });
  assert.deepEqual(proved.body.failedExamples, [{ description: 'accepted', ok: false }]);
  assert.deepEqual(pipeline.expectedExamples.at(-1), { examples, unusable, acceptFailing: true });
  for (const wrong of [{ bytes: '0' }, { fPort: 256 }, { recvTime: 'now' }, { output: 1 }, { call: 'x' }]) {
    const body = { deviceType: 'meter', script, examples: [{ ...examples[0], ...wrong }] };
    assert.equal((await call('PUT', '/v1/drivers/meter/1.4.0', body)).status, 400, JSON.stringify(wrong));
  }
  assert.deepEqual((await call('GET', '/v1/drivers')).body.drivers, [
    {
      id: 'json',
      version: '1.0.0',
      deviceType: '*',
      firmware: '*',
      builtIn: true,
      setAsideFor: [],
      setAsideByWorkers: [],
      rollout: { stage: 'active', share: 1 },
      serves: { firmware: ['*'], unknownFirmware: true, givesWayTo: [], beside: [], isAlone: false },
    },
  ]);
  assert.deepEqual((await call('GET', '/v1/drivers?builtIn=false')).body.drivers, []);
  const rolled = await call('PUT', '/v1/drivers/meter/1.2.0/rollout', { stage: 'canary' });
  assert.deepEqual([rolled.status, rolled.body], [200, { stage: 'canary', share: 0.1, warnings: ['It is alone'] }]);
  assert.equal((await call('PUT', '/v1/drivers/meter/7.0.0/rollout', { stage: 'off' })).status, 404);
  assert.equal((await call('PUT', '/v1/drivers/meter/1.2.0/rollout', { stage: 'beta' })).status, 400);
  assert.equal((await call('GET', '/v1/drivers/meter/1.2.0')).body.id, 'meter');
  assert.equal((await call('PUT', '/v1/drivers/meter/latest', { deviceType: 'meter', script })).status, 400);
  assert.match(
    (await call('PUT', '/v1/drivers/meter/1.0.0', { deviceType: 'meter', script: 'x' })).body.detail,
    /defines no decodeUplink/,
  );
});

test('a device is registered, replaced, shown, listed and forgotten', async (t) => {
  const { call } = await serveMeters(t);
  const made = await call('PUT', '/v1/devices/d1', {
    type: 'meter',
    firmwareVersion: '1.0.0',
    attributes: { site: 'north' },
  });
  assert.equal(made.status, 201);
  assert.equal((await call('PUT', '/v1/devices/d1', { type: 'meter', retired: true })).status, 200);
  const { body } = await call('GET', '/v1/devices/d1');
  assert.equal(body.retired, true);
  assert.deepEqual(body.attributes, {});
  for (const id of ['d2', 'd3']) await call('PUT', `/v1/devices/${id}`, { type: 'meter' });
  const page = (await call('GET', '/v1/devices?limit=2')).body;
  assert.deepEqual(
    page.devices.map((device: { id: string }) => device.id),
    ['d1', 'd2'],
  );
  const rest = (await call('GET', `/v1/devices?limit=2&after=${page.after}`)).body;
  assert.deepEqual([rest.devices.length, rest.after], [1, undefined]);
  assert.deepEqual((await call('GET', '/v1/devices?type=other')).body.devices, []);
  assert.equal((await call('DELETE', '/v1/devices/d1')).status, 204);
  assert.equal((await call('DELETE', '/v1/devices/d1')).body.code, 'device_unknown');
  assert.equal((await call('GET', '/v1/devices/d1')).body.code, 'device_unknown');
});

test('a device that cannot be is refused', async (t) => {
  const { call } = await serveMeters(t);
  assert.equal((await call('PUT', '/v1/devices/d1', { type: 'none' })).status, 404);
  assert.equal((await call('PUT', '/v1/devices/d1', {})).status, 400);
  assert.equal((await call('PUT', '/v1/devices/d1', { type: 'meter', attributes: { a: 1 } })).status, 400);
  for (const id of ['me', 'a%2Fb', '%23', '%2B', 'a%20b', 'x'.repeat(129)]) {
    assert.equal((await call('PUT', `/v1/devices/${id}`, { type: 'meter' })).status, 400, id);
  }
  assert.equal((await call('GET', '/v1/devices?limit=5000')).status, 400);
});

test('a password is made or taken, kept as a hash and taken away', async (t) => {
  const { call, store } = await serveMeters(t, 'd1');
  const made = await call('POST', '/v1/devices/d1/credentials');
  assert.equal(made.status, 201);
  assert.equal(made.body.username, 'd1');
  assert.equal(made.headers.get('cache-control'), 'no-store');
  assert.ok(await verifySecret(made.body.password, await hashOf(store)));
  await call('POST', '/v1/devices/d1/credentials', { password: 'chosen by hand' });
  assert.match(await hashOf(store), /^scrypt\$16384\$/);
  assert.ok(await verifySecret('chosen by hand', await hashOf(store)));
  assert.equal((await call('DELETE', '/v1/devices/d1/credentials')).status, 204);
  assert.deepEqual(await store.credentials.list('d1'), []);
  assert.equal((await call('POST', '/v1/devices/d1/credentials', { password: 'short' })).status, 400);
  assert.equal((await call('POST', '/v1/devices/none/credentials')).status, 404);
  assert.equal((await call('DELETE', '/v1/devices/none/credentials')).status, 404);
});

test('state, history and the story of a message are read', async (t) => {
  const { call, store } = await serveMeters(t, 'd1');
  const entry = { eventType: 'telemetry', key: 'temperature', value: 21.5, time: 5, seq: undefined, messageId: 'm5' };
  store.entries.push(entry);
  for (const time of [5, 4, 3, 2, 1]) store.rows.push(historyRow(time));
  const { seq: _, ...shown } = entry;
  assert.deepEqual((await call('GET', '/v1/devices/d1/state')).body, { deviceId: 'd1', state: [shown] });
  const page = (await call('GET', '/v1/devices/d1/history?limit=2&to=5')).body;
  assert.deepEqual(
    page.rows.map((row: HistoryRow) => row.time),
    [4, 3],
  );
  const rest = (await call('GET', `/v1/devices/d1/history?limit=3&before=${page.before}&from=1970-01-01T00:00:00.002Z`))
    .body;
  assert.deepEqual([rest.rows.map((row: HistoryRow) => row.time), rest.before], [[2], 2]);
});

test('a page of the history goes on wherever it ended, until one is empty', async (t) => {
  const { call, store } = await serveMeters(t, 'd1');
  for (const time of [5, 4, 3, 2, 1]) store.rows.push(historyRow(time));
  const whole = store.readings.history;
  // As where two rows are all the bytes of a page.
  store.readings.history = async (query) => (await whole(query)).slice(0, 2);
  const pages: [number[], number | undefined][] = [];
  let before: number | undefined;
  do {
    const path = `/v1/devices/d1/history?limit=4${before === undefined ? '' : `&before=${before}`}`;
    const { body } = await call('GET', path);
    before = body.before;
    pages.push([body.rows.map((row: HistoryRow) => row.id), before]);
  } while (before !== undefined);
  assert.deepEqual(pages, [
    [[5, 4], 4],
    [[3, 2], 2],
    [[1], 1],
    [[], undefined],
  ]);
});

test('a history is read onwards from its oldest row', async (t) => {
  const { call, store } = await serveMeters(t, 'd1');
  for (const time of [5, 4, 3, 2, 1]) store.rows.push(historyRow(time));
  const times: number[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const path = `/v1/devices/d1/history?order=oldest&limit=2${after && `&after=${after}`}`;
    const { body } = await call('GET', path);
    times.push(...body.rows.map((row: HistoryRow) => row.time));
    after = body.after;
  }
  assert.deepEqual(times, [1, 2, 3, 4, 5]);
  assert.equal((await call('GET', '/v1/devices/d1/history?order=oldest&after=5')).status, 400);
});

test('readings of what is not known are not found, and a wrong time is refused', async (t) => {
  const { call } = await serveMeters(t, 'd1');
  assert.equal((await call('GET', '/v1/devices/none/state')).body.code, 'device_unknown');
  assert.equal((await call('GET', '/v1/devices/none/history')).body.code, 'device_unknown');
  assert.equal((await call('GET', '/v1/devices/d1/history?from=yesterday')).status, 400);
  assert.equal((await call('GET', '/v1/devices/d1/history?limit=0')).status, 400);
});

function historyRow(time: number): HistoryRow {
  const driver = { driver: 'json', driverVersion: '1.0.0' };
  return {
    id: time,
    messageId: `m${time}`,
    eventType: 'telemetry',
    time,
    seq: undefined,
    receivedAt: 9,
    processedAt: 9,
    ...driver,
    outcome: 'applied',
    data: {},
  };
}
