import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgainst } from './testing/fake-server.ts';

test('device series asks for keys and functions, and shows a table', async () => {
  const points = [{ time: 0, avg: 2.5, max: 3 }];
  const body = { series: [{ deviceId: 'd-1', key: 'v', points }], next: 3_600_000 };
  const argv = ['device', 'series', 'd-1', '--key', 'v', '--key', 'w', '--fn', 'avg', '--fn', 'max', '--from', '0'];
  const { out, seen } = await runAgainst({ 'GET /v1/devices/d-1/series': { body } }, argv);
  assert.equal(seen[0].url, '/v1/devices/d-1/series?key=v&key=w&fn=avg&fn=max&interval=1h&from=0&limit=100');
  assert.equal(out.split('\n')[0].trim(), 'key  time                      avg  max');
  assert.match(out, /^v +1970-01-01T00:00:00\.000Z +2\.5 +3$/m);
  assert.match(out, /^More: --from 3600000$/m);
});

test('device series says for which span there are numbers where the page has none', async () => {
  const none = { series: [{ deviceId: 'd-1', key: 'v', points: [] }] };
  const argv = ['device', 'series', 'd-1', '--key', 'v'];
  const shown = async (more: object): Promise<string> =>
    (await runAgainst({ 'GET /v1/devices/d-1/series': { body: { ...none, ...more } } }, argv)).out;
  const span = 'they go from 1970-01-01T02:00:00.000Z to 1970-01-01T03:00:00.000Z.';
  const numbers = { from: 7_200_000, to: 10_800_000 };
  const before = (hour: number): string => `There are no numbers before 1970-01-01T0${hour}:00:00.000Z`;
  assert.equal(await shown({}), 'There are no numbers in this span.');
  assert.equal(await shown({ numbers }), `There are no numbers in this span: ${span}`);
  assert.equal(await shown({ numbers, next: 3_600_000 }), `${before(1)}: ${span}\nMore: --from 7200000`);
  assert.equal(await shown({ numbers, next: 14_400_000 }), `${before(4)}: ${span}`);
  assert.equal(await shown({ next: 3_600_000 }), `${before(1)}.\nMore: --from 3600000`);
});

test('device series needs a key', async () => {
  const { status, err } = await runAgainst({}, ['device', 'series', 'd-1']);
  assert.equal(status, 2);
  assert.match(err, /^Give --key/);
});

test('device type series shows a table of all devices, or the lines that the server has', async () => {
  const points = [{ time: 0, avg: 2.5 }];
  const body = { devices: 12, series: [{ key: 'v', points }], next: undefined };
  const argv = ['device', 'type', 'series', 'meter', '--key', 'v', '--fn', 'avg'];
  const { out, seen } = await runAgainst({ 'GET /v1/device-types/meter/series': { body } }, argv);
  assert.equal(seen[0].url, '/v1/device-types/meter/series?key=v&fn=avg&interval=1h&limit=100');
  assert.match(out, /^v +1970-01-01T00:00:00\.000Z +2\.5$/m);
  assert.match(out, /^Devices: 12$/m);
  const csv = { 'GET /v1/device-types/meter/series': { body: 'key,time,avg\r\nv,x,2.5\r\n' } };
  const lines = await runAgainst(csv, [...argv, '--format', 'csv']);
  assert.match(lines.seen[0].url, /&format=csv$/);
  assert.equal(lines.out, 'key,time,avg\r\nv,x,2.5');
});
