import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
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
  assert.equal(seen[0].url, '/v1/devices/d-1?onlyNew=true');
  assert.equal(out, 'Registered device d-1.');
});

test('device add needs a type, and says of a device that is there what the server says', async () => {
  const { status, err, seen } = await runAgainst({}, ['device', 'add', 'm5']);
  assert.deepEqual([status, seen.length], [2, 0]);
  assert.match(err, /^Give --type\n/);
  const conflict = { status: 409, body: { code: 'conflict', detail: 'Update device "m5" instead' } };
  const refused = await runAgainst({ 'PUT /v1/devices/m5': conflict }, ['device', 'add', 'm5', '--type', 't']);
  assert.deepEqual([refused.status, refused.err], [1, 'Update device "m5" instead (conflict)']);
});

test('device update sends what it names and nothing else, and tells of another type', async () => {
  const answers = { 'PATCH /v1/devices/d-1': { body: { type: 'u' } } };
  const changed = await runAgainst(answers, ['device', 'update', 'd-1', '--attribute', 'floor=2']);
  assert.deepEqual(changed.seen[0].body, { attributes: { floor: '2' } });
  assert.equal(changed.out, 'Changed device d-1.');
  const argv = ['device', 'update', 'd-1', '--active', '--type', 'u', '--remove-attribute', 'site'];
  const moved = await runAgainst(answers, argv);
  assert.deepEqual(moved.seen[0].body, { type: 'u', attributes: { site: null }, retired: false });
  assert.equal(moved.out, 'Changed device d-1: it is of type "u" now.');
  assert.equal((await runAgainst(answers, ['device', 'update', 'd-1', '--active', '--retired'])).status, 2);
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

test('device credentials prints first what has to go into the device', async () => {
  const rest = { deviceId: 'd-1', id: 'c-1', createdAt: 0 };
  for (const [kind, secret] of [
    ['password', { password: 's3cret' }],
    ['token', { token: 't0ken' }],
  ] as const) {
    const body = { username: 'd-1', kind, ...rest, ...secret };
    const { out } = await runAgainst({ 'POST /v1/devices/d-1/credentials': { status: 201, body } }, [
      'device',
      'credentials',
      'd-1',
      '--kind',
      kind,
    ]);
    const names = out.split('\n').map((line) => line.split(' ', 1)[0]);
    assert.deepEqual(names.slice(0, 2), ['username', kind]);
  }
});

test('device credentials tells when they were made, and needs a file where the device has the secret', async () => {
  const made = { deviceId: 'd-1', id: 'k', kind: 'key', publicKey: 'PEM\n', createdAt: 0, expiresAt: 1000 };
  const answers = { 'POST /v1/devices/d-1/credentials': { status: 201, body: made } };
  const argv = ['device', 'credentials', 'd-1', '--kind', 'key'];
  const { out, seen } = await runAgainst(answers, [...argv, '--file', '-'], { stdin: Readable.from(['PEM\n']) });
  assert.equal((seen[0].body as { publicKey: string }).publicKey, 'PEM\n');
  assert.match(out, /^createdAt +1970-01-01T00:00:00.000Z\nexpiresAt +1970-01-01T00:00:01.000Z$/m);
  assert.doesNotMatch(out, /PEM/);
  const { status, err } = await runAgainst(answers, argv);
  assert.equal(status, 2);
  assert.match(err, /^Give --file: a key comes from the device, in PEM\n/);
});

test('device list, show, remove and state ask for what they print', async () => {
  const about = { id: 'd-1', type: 't', firmwareVersion: undefined, attributes: {}, retired: false, createdAt: 0 };
  const row = { ...about, presence: { online: true, connectedAt: 1_000 } };
  const entry = { eventType: 'telemetry', key: 'temperature', value: 21.5, time: 0, messageId: 'm' };
  const answers = {
    'GET /v1/devices': { body: { devices: [row], after: 'd-1' } },
    'GET /v1/devices/d-1': { body: row },
    'DELETE /v1/devices/d-1': { status: 204 },
    'GET /v1/devices/d-1/state': { body: { deviceId: 'd-1', state: [entry] } },
  };
  const list = await runAgainst(answers, ['device', 'list', '--type', 't', '--limit', '5']);
  assert.equal(list.seen[0].url, '/v1/devices?type=t&limit=5');
  assert.match(list.out, /^d-1 +t +- +no +yes +1970.*\nMore: --after d-1$/m);
  for (const [flag, online] of [
    ['--online', 'true'],
    ['--offline', 'false'],
  ]) {
    const { seen } = await runAgainst(answers, ['device', 'list', flag]);
    assert.match(seen[0].url, new RegExp(`online=${online}&`));
  }
  assert.equal((await runAgainst(answers, ['device', 'list', '--online', '--offline'])).status, 2);
  const shown = (await runAgainst(answers, ['device', 'show', 'd-1'])).out;
  assert.match(shown, /^type +t$/m);
  assert.match(shown, /^online +yes\nconnectedAt +1970-01-01T00:00:01.000Z\ndisconnectedAt +-$/m);
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
    warnings: ['The battery is low'],
    data: {},
  };
  const answers = { 'GET /v1/devices/d-1/history': { body: { rows: [row] } } };
  const argv = ['device', 'history', 'd-1', '--event', 'e', '--from', '2024-01-01T00:00:00Z', '--limit', '1'];
  const { out, seen } = await runAgainst(answers, argv);
  assert.equal(seen[0].url, '/v1/devices/d-1/history?eventType=e&from=2024-01-01T00%3A00%3A00Z&limit=1');
  assert.match(out, /stale +json 1\.0\.0 +m +The battery is low/);
});

test('device type set sends what was given, with schemas from a file', async () => {
  await writeFile(join(cwd, 'schemas.json'), '{"telemetry":{"type":"object"}}');
  const argv = ['device', 'type', 'set', 't', '--mode', 'inline', '--f-port', '85', '--schemas', 'schemas.json'];
  const answers = { 'GET /v1/device-types': { body: { deviceTypes: [] } }, 'PUT /v1/device-types/t': { body: {} } };
  const { seen } = await runAgainst(answers, argv, { cwd });
  assert.deepEqual(seen[1].body, { mode: 'inline', fPort: 85, schemas: { telemetry: { type: 'object' } } });
});

test('device type set changes what it names of a type that is there, and nothing else', async () => {
  const kept = { schemaPolicy: 'warn', schemas: { e: { type: 'object' } }, fPort: 7, futureTimeMsMax: 1000 };
  const deviceTypes = [
    { name: 'other', mode: 'inline', schemaPolicy: 'off', schemas: {} },
    { name: 'meter', mode: 'inline', ...kept },
  ];
  const answers = { 'GET /v1/device-types': { body: { deviceTypes } }, 'PUT /v1/device-types/meter': { body: {} } };
  const { seen } = await runAgainst(answers, ['device', 'type', 'set', 'meter', '--mode', 'queued']);
  assert.deepEqual(seen[1].body, { mode: 'queued', ...kept });
});

test('a file that cannot be read or used is told as a sentence, before the server is asked', async () => {
  await writeFile(join(cwd, 'broken.json'), '{');
  const run = (...argv: string[]) => runAgainst({}, argv, { cwd });
  const runs = [
    await run('driver', 'put', 'a', '1.0.0', '-f', '/nope.js', '-t', 't'),
    await run('driver', 'put', 'a', '1.0.0', '-f', '.', '-t', 't'),
    await run('device', 'type', 'set', 't', '--schemas', 'broken.json'),
  ];
  const cure = '`sluice driver new NAME` makes the folder of a driver';
  assert.deepEqual(
    runs.map(({ status, err, seen }) => [status, err, seen.length]),
    [
      [1, 'Cannot read "/nope.js": there is no such file', 0],
      [1, `Cannot read "${join(cwd, 'driver.json')}": there is no such file. ${cure}`, 0],
      [1, 'Cannot use the schemas in "broken.json": expected a JSON object with one for each event type', 0],
    ],
  );
});

test('device type list prints what is there', async () => {
  const answers = {
    'GET /v1/device-types': {
      body: { deviceTypes: [{ name: 't', mode: 'queued', schemaPolicy: 'enforce', schemas: { a: {}, b: {} } }] },
    },
  };
  assert.match((await runAgainst(answers, ['device', 'type', 'list'])).out, /^t +queued +enforce +2: a b +-$/m);
});

test('device unregistered lists who sends without being registered', async () => {
  const devices = [{ deviceId: 'd-9', messages: 3, firstAt: 0, lastAt: 1_000, lastClient: 'gate' }];
  const answers = { 'GET /v1/unregistered-devices': { body: { devices } } };
  const { out, seen } = await runAgainst(answers, ['device', 'unregistered', '--limit', '5']);
  assert.equal(seen[0].url, '/v1/unregistered-devices?limit=5');
  assert.match(out, /^d-9 +3 +1970-01-01T00:00:00\.000Z +1970-01-01T00:00:01\.000Z +gate$/m);
});
