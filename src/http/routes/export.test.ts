import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SluiceError } from '../../errors.ts';
import { serve } from '../testing/served.ts';

async function served(t: TestContext) {
  const { call, server, store } = await serve(t);
  return { call, store, base: `http://127.0.0.1:${server.port}` };
}

test('an export is sent slice by slice, the header first', async (t) => {
  const { base, call, store } = await served(t);
  await call('PUT', '/v1/device-types/meter', {});
  await call('PUT', '/v1/devices/d1', { type: 'meter' });
  const next = { deviceId: 'd1', time: 1, id: 1 };
  store.slices = [
    { text: 'one\r\n', next },
    { text: 'two\r\n', next: undefined },
  ];
  const answer = await fetch(`${base}/v1/devices/d1/export?format=csv&from=0&to=1970-01-01T00:00:01Z`);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/csv/);
  const header = 'deviceId,messageId,eventType,time,seq,receivedAt,processedAt,driver,driverVersion,outcome,data';
  assert.equal(await answer.text(), `${header}\r\none\r\ntwo\r\n`);
  assert.deepEqual(
    store.exports.map(({ deviceId, from, to, after }) => ({ deviceId, from, to, after })),
    [undefined, next].map((after) => ({ deviceId: 'd1', from: 0, to: 1000, after })),
  );
});

test('an export that fails under way ends the connection, so that nobody takes it for whole', async (t) => {
  const { base, store } = await served(t);
  const slices = [{ text: 'one\n', next: { deviceId: 'd1', time: 1, id: 1 } }];
  store.series.exported = async () => {
    const slice = slices.shift();
    if (slice === undefined) throw new SluiceError('storage_failed', 'The disk is on fire');
    return slice;
  };
  const answer = await fetch(`${base}/v1/export?type=meter`);
  assert.equal(answer.status, 200);
  await assert.rejects(answer.text());
  const failed = await fetch(`${base}/v1/export`);
  assert.equal(failed.status, 503);
});
