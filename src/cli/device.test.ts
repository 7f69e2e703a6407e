import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { runAgainst } from './testing/fake-server.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
});
afterEach(() => rm(cwd, { recursive: true }));

test('device add registers a device with its attributes', async () => {
  const argv = ['device', 'add', 'd-1', '--type', 't', '--firmware', '1.2.3', '--attribute', 'site=a=b'];
  const { out, seen } = await runAgainst({ 'PUT /v1/devices/d-1': { status: 201, body: {} } }, argv);
  assert.deepEqual(seen[0].body, { type: 't', firmwareVersion: '1.2.3', attributes: { site: 'a=b' }, retired: false });
  assert.equal(out, 'Registered device d-1.');
});

test('device credentials prints the new password, and --remove takes it away', async () => {
  const made = { deviceId: 'd-1', username: 'd-1', password: 's3cret' };
  const answers = {
    'POST /v1/devices/d-1/credentials': { status: 201, body: made },
    'DELETE /v1/devices/d-1/credentials': { status: 204 },
  };
  assert.match((await runAgainst(answers, ['device', 'credentials', 'd-1'])).out, /^password +s3cret$/m);
  const removed = await runAgainst(answers, ['device', 'credentials', 'd-1', '--remove']);
  assert.equal(removed.seen[0].method, 'DELETE');
});

test('device list, show, remove and state ask for what they print', async () => {
  const row = { id: 'd-1', type: 't', firmwareVersion: undefined, attributes: {}, retired: false, createdAt: 0 };
  const entry = { eventType: 'telemetry', key: 'temperature', value: 21.5, time: 0, messageId: 'm' };
  const answers = {
    'GET /v1/devices': { body: { devices: [row] } },
    'GET /v1/devices/d-1': { body: row },
    'DELETE /v1/devices/d-1': { status: 204 },
    'GET /v1/devices/d-1/state': { body: { deviceId: 'd-1', state: [entry] } },
  };
  const list = await runAgainst(answers, ['device', 'list', '--type', 't', '--limit', '5']);
  assert.equal(list.seen[0].url, '/v1/devices?type=t&limit=5');
  assert.match(list.out, /^d-1 +t +- +no +1970/m);
  assert.match((await runAgainst(answers, ['device', 'show', 'd-1'])).out, /^type +t$/m);
  assert.equal((await runAgainst(answers, ['device', 'remove', 'd-1'])).out, 'Removed device d-1.');
  assert.match((await runAgainst(answers, ['device', 'state', 'd-1'])).out, /^telemetry +temperature +21\.5 /m);
});

test('device history passes its filters on', async () => {
  const row = {
    time: 0,
    eventType: 'e',
    outcome: 'stale',
    driver: 'json',
    driverVersion: '1.0.0',
    messageId: 'm',
    data: {},
  };
  const answers = { 'GET /v1/devices/d-1/history': { body: { rows: [row] } } };
  const argv = ['device', 'history', 'd-1', '--event', 'e', '--from', '2024-01-01T00:00:00Z', '--limit', '1'];
  const { out, seen } = await runAgainst(answers, argv);
  assert.equal(seen[0].url, '/v1/devices/d-1/history?eventType=e&from=2024-01-01T00%3A00%3A00Z&limit=1');
  assert.match(out, /stale +json 1\.0\.0/);
});

test('device type set sends what was given, with schemas from a file', async () => {
  await writeFile(join(cwd, 'schemas.json'), '{"telemetry":{"type":"object"}}');
  const argv = ['device', 'type', 'set', 't', '--mode', 'inline', '--f-port', '85', '--schemas', 'schemas.json'];
  const { seen } = await runAgainst({ 'PUT /v1/device-types/t': { body: {} } }, argv, { cwd });
  assert.deepEqual(seen[0].body, { mode: 'inline', fPort: 85, schemas: { telemetry: { type: 'object' } } });
});

test('device driver put sends the script', async () => {
  await writeFile(join(cwd, 'codec.js'), 'function decodeUplink() {}');
  const argv = ['device', 'driver', 'put', 'mine', '1.0.0', '--file', 'codec.js', '--device-type', 't'];
  const { out, seen } = await runAgainst({ 'PUT /v1/drivers/mine/1.0.0': { status: 201, body: {} } }, argv, { cwd });
  assert.deepEqual(seen[0].body, { deviceType: 't', firmware: '*', script: 'function decodeUplink() {}' });
  assert.equal(out, 'Brought in driver mine 1.0.0.');
});

test('device type list and device driver list print what is there', async () => {
  const answers = {
    'GET /v1/device-types': { body: { deviceTypes: [{ name: 't', mode: 'queued', schemaPolicy: 'enforce' }] } },
    'GET /v1/drivers': {
      body: { drivers: [{ id: 'mine', version: '1.0.0', deviceType: 't', firmware: '*', builtIn: false }] },
    },
  };
  assert.match((await runAgainst(answers, ['device', 'type', 'list'])).out, /^t +queued +enforce +-$/m);
  assert.match((await runAgainst(answers, ['device', 'driver', 'list'])).out, /^mine +1\.0\.0 +t +\* +upload$/m);
});
