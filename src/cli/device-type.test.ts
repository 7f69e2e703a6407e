import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { deviceTypeWithDefaults } from '../devices/device-type.ts';
import { deviceTypeRoutes } from '../http/routes/device-types.ts';
import { flaggedFields } from './device-type-flags.ts';
import { runAgainst } from './testing/fake-server.ts';

const path = '/v1/device-types/meter/schemas/telemetry';

test('what the server says of a device type beside its settings is not sent back', async () => {
  const there = { ...deviceTypeWithDefaults({ name: 'meter' }), schemaVersions: { telemetry: 3 } };
  const answers = {
    'GET /v1/device-types': { body: { deviceTypes: [there] } },
    'PUT /v1/device-types/meter': { body: { ...there, mode: 'auto' } },
  };
  const { seen, out } = await runAgainst(answers, ['device', 'type', 'set', 'meter', '--mode', 'auto']);
  assert.equal(out, 'Changed device type meter: its mode is auto, its schema policy enforce.');
  const body = seen[1].body as Record<string, unknown>;
  assert.equal(body.mode, 'auto');
  assert.deepEqual(body.eventTypes, {});
  assert.ok(!('schemaVersions' in body));
});

test('a device type is shown whole, and removed', async () => {
  const answers = {
    'GET /v1/device-types/meter': { body: { name: 'meter', mode: 'auto' } },
    'DELETE /v1/device-types/meter': { status: 204 },
  };
  const { out } = await runAgainst(answers, ['device', 'type', 'show', 'meter']);
  assert.deepEqual(JSON.parse(out), { name: 'meter', mode: 'auto' });
  assert.equal((await runAgainst(answers, ['device', 'type', 'remove', 'meter'])).out, 'Removed device type meter.');
});

test('the schema of an event type is put from a file, and its versions are listed', async (t) => {
  const cwd = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
  t.after(() => rm(cwd, { recursive: true }));
  await writeFile(join(cwd, 'schema.json'), '{"type":"object"}');
  const put = { [`PUT ${path}`]: { body: { version: 4 } } };
  const argv = ['device', 'type', 'schema', 'set', 'meter', 'telemetry', '-f', 'schema.json'];
  const { out, seen } = await runAgainst(put, argv, { cwd });
  assert.equal(out, 'Version 4 of the schema is current.');
  assert.deepEqual(seen[0].body, { type: 'object' });

  const piped = argv.slice(0, -2);
  for (const wanted of [piped, [...piped, '-f', '-']]) {
    const read = await runAgainst(put, wanted, { stdin: Readable.from(['{"type":', '"array"}']) });
    assert.deepEqual(read.seen[0].body, { type: 'array' });
  }

  const versions = [2, 1].map((version) => ({ version, schema: { minimum: version }, createdAt: 0 }));
  const get = { [`GET ${path}`]: { body: { current: 2, versions } } };
  const listed = await runAgainst(get, ['device', 'type', 'schema', 'list', 'meter', 'telemetry']);
  assert.match(listed.out, /^ +2 +yes .*"minimum":2.*\n +1 .*"minimum":1/m);
});

test('every setting of a device type has its flag, and what no flag names stays', async () => {
  const there = {
    ...deviceTypeWithDefaults({ name: 'meter', fPort: 7, bytesMax: 100 }),
    rates: { device: { messagesPerSecond: 1, bytesPerSecond: 9 }, type: {} },
    retention: { raw: true, historyMs: 90_000 },
    eventTypes: { debug: { mode: 'queued' }, 'alarm.*': { mode: 'queued' } },
  };
  const answers = {
    'GET /v1/device-types': { body: { deviceTypes: [there] } },
    'PUT /v1/device-types/meter': { body: {} },
  };
  const flags = {
    mode: 'auto',
    'schema-policy': 'warn',
    'f-port': 'none',
    'future-time-ms-max': '5',
    'past-time-ms-max': '6',
    'time-policy': 'clamp',
    'bytes-max': 'none',
    readings: 'normalized',
    'device-messages-per-second': '0.5',
    'type-messages-per-second': '200',
    'type-bytes-per-second': '4000',
    'history-ms': 'none',
    'rollups-ms': '70000',
    raw: 'false',
    'raw-ms': '80000',
    'inbox-ms': '60000',
    'event-types': '{"alarm.*":{"mode":"inline"},"debug":null}',
  };
  const argv = Object.entries(flags).flatMap(([flag, said]) => [`--${flag}`, said]);
  const { seen } = await runAgainst(answers, ['device', 'type', 'set', 'meter', '--child-type', 'tank', ...argv]);
  assert.deepEqual(seen[1].body, {
    mode: 'auto',
    schemaPolicy: 'warn',
    schemas: {},
    futureTimeMsMax: 5,
    pastTimeMsMax: 6,
    timePolicy: 'clamp',
    readings: 'normalized',
    rates: {
      device: { messagesPerSecond: 0.5, bytesPerSecond: 9 },
      type: { messagesPerSecond: 200, bytesPerSecond: 4000 },
    },
    retention: { raw: false, rollupsMs: 70_000, rawMs: 80_000, inboxMs: 60_000 },
    eventTypes: { 'alarm.*': { mode: 'inline' } },
    childTypes: ['tank'],
  });
});

test('every field of a device type that the API takes is set by a flag', () => {
  const route = deviceTypeRoutes.find(({ method }) => method === 'PUT');
  const body = route?.schemas.body as { properties: Record<string, { properties?: object }> };
  const fields = Object.entries(body.properties).flatMap(([name, { properties }]) =>
    properties === undefined ? [name] : Object.keys(properties).map((inner) => `${name}.${inner}`),
  );
  const set = new Set(flaggedFields.flatMap((path) => [path.join('.'), path.slice(0, 2).join('.')]));
  assert.deepEqual(
    fields.filter((field) => !set.has(field)),
    // From a file, and given several times.
    ['schemas', 'childTypes'],
  );
});
