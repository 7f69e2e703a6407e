import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { serve } from '../testing/served.ts';

async function serveMeters(t: TestContext, ...ids: string[]) {
  const served = await serve(t);
  await served.call('PUT', '/v1/device-types/meter', {});
  for (const id of ids) await served.call('PUT', `/v1/devices/${id}`, { type: 'meter' });
  return served;
}

const point = { time: 60_000, count: 2, min: 1, max: 3, sum: 4, avg: 2, last: 3 };

test('a series is asked for by key and interval, and has the functions that were named', async (t) => {
  const { call, store } = await serveMeters(t, 'd1');
  store.page = { series: [{ deviceId: 'd1', key: 'v', points: [point] }], next: 120_000 };
  const { status, body } = await call('GET', '/v1/devices/d1/series?key=v&fn=avg&fn=max&interval=5m&from=0&to=600000');
  assert.equal(status, 200);
  assert.deepEqual(body, {
    series: [{ deviceId: 'd1', key: 'v', points: [{ time: 60_000, avg: 2, max: 3 }] }],
    next: 120_000,
  });
  const asked = { deviceIds: ['d1'], keys: ['v'], eventType: 'telemetry', intervalMs: 300_000 };
  assert.deepEqual(store.asked, [{ ...asked, from: 0, to: 600_000, limit: 100 }]);
  const all = await call('GET', '/v1/devices/d1/series?key=v&key=w&key=v');
  assert.deepEqual(all.body.series[0].points, [point]);
  assert.deepEqual(store.asked[1].keys, ['v', 'w']);
});

test('without `from`, a series has so many whole intervals, of which the last one is that of now', async (t) => {
  const { call, store } = await serveMeters(t, 'd1');
  const fromFor = async (query: string): Promise<number> => {
    await call('GET', `/v1/devices/d1/series?key=v&interval=1h&${query}`);
    return store.asked.at(-1)?.from as number;
  };
  const hour = 3_600_000;
  assert.equal(await fromFor(`limit=1&to=${5 * hour + 1}`), 5 * hour);
  assert.equal(await fromFor(`limit=1&to=${6 * hour}`), 5 * hour);
  assert.equal(await fromFor(`limit=3&to=${5 * hour + 1}`), 3 * hour);
  assert.equal(await fromFor(`to=${5 * hour + 1}`), 0);
  assert.equal((await fromFor('limit=2')) % hour, 0);
});

test('a series of a type goes on device by device, and one of devices is of those named', async (t) => {
  const ids = Array.from({ length: 101 }, (_, i) => `d${String(i).padStart(3, '0')}`);
  const { call, store } = await serveMeters(t, ...ids);
  assert.equal((await call('GET', '/v1/series?key=v&type=meter')).body.after, 'd099');
  assert.deepEqual(store.asked[0].deviceIds, ids.slice(0, 100));
  assert.equal((await call('GET', '/v1/series?key=v&type=meter&after=d099')).body.after, undefined);
  assert.deepEqual(store.asked[1].deviceIds, ['d100']);
  await call('GET', '/v1/series?key=v&device=d001&device=d002');
  assert.deepEqual(store.asked[2].deviceIds, ['d001', 'd002']);
});

test('a question that makes no series is refused with what to ask', async (t) => {
  const { call } = await serveMeters(t, 'd1');
  const refused: readonly (readonly [path: string, status: number, detail: RegExp])[] = [
    ['/v1/devices/d1/series', 400, /Give "key"/],
    ['/v1/devices/d1/series?key=v&interval=5', 400, /interval as a number of/],
    ['/v1/devices/d1/series?key=v&interval=0s', 400, /interval as a number of/],
    ['/v1/devices/d1/series?key=v&from=5&to=4', 400, /from before to/],
    ['/v1/devices/d1/series?key=v&fn=median', 400, /fn/],
    ['/v1/devices/none/series?key=v', 404, /none/],
    ['/v1/series?key=v', 400, /either device/],
    ['/v1/series?key=v&device=d1&type=meter', 400, /either device/],
  ];
  for (const [path, status, detail] of refused) {
    const answer = await call('GET', path);
    assert.equal(answer.status, status, path);
    assert.match(answer.body.detail, detail);
  }
});

test('a series over all devices of a type comes as JSON, CSV or NDJSON', async (t) => {
  const { call, store, base } = await serveMeters(t);
  store.typePage = { devices: 7, series: [{ key: 'v,w', points: [point] }], next: 120_000 };
  const path = '/v1/device-types/meter/series?key=v,w&fn=avg&fn=count&interval=1m&from=0&to=600000';
  const { status, body } = await call('GET', path);
  assert.equal(status, 200);
  const shown = { time: 60_000, avg: 2, count: 2 };
  assert.deepEqual(body, { devices: 7, series: [{ key: 'v,w', points: [shown] }], next: 120_000 });
  const asked = { deviceType: 'meter', keys: ['v,w'], eventType: 'telemetry', intervalMs: 60_000 };
  assert.deepEqual(store.askedOfTypes, [{ ...asked, from: 0, to: 600_000, limit: 100 }]);

  const csv = await call('GET', `${path}&format=csv`);
  assert.equal(csv.body, 'key,time,avg,count\r\n"v,w",1970-01-01T00:01:00.000Z,2,2\r\n');
  assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/);
  assert.deepEqual([csv.headers.get('sluice-devices'), csv.headers.get('sluice-next')], ['7', '120000']);
  const lines = await fetch(`${base}${path}&format=ndjson`);
  assert.equal(await lines.text(), `${JSON.stringify({ key: 'v,w', ...shown })}\n`);
  assert.equal((await call('GET', '/v1/device-types/nothing/series?key=v')).status, 404);
});
