import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDevice } from '../../devices/testing/store-samples.ts';
import type { Message, UserProperty } from '../../message.ts';
import { basic, serve } from '../testing/served.ts';
import { serveDisk } from '../testing/served-disk.ts';

const raw = {
  topic: 'devices/d1/telemetry',
  fPort: 2,
  driver: 'json',
  driverVersion: '1.0.0',
  payload: Buffer.from('{}'),
};

test('a message that was processed shows when, what it said and the bytes as they came', async (t) => {
  const { call, store } = await serve(t);
  store.processed.push({ messageId: 'm1', deviceId: 'd1', processedAt: 7, readings: 1, raw });
  store.processed.push({ messageId: 'm2', deviceId: 'd1', processedAt: 8, readings: 0, raw: undefined });
  const { payload: _, ...about } = raw;
  const story = await call('GET', '/v1/devices/d1/messages/m1');
  assert.deepEqual(story.body, {
    deviceId: 'd1',
    messageId: 'm1',
    status: 'processed',
    processed: { at: 7, readings: 1, raw: { ...about, payload: '{}', encoding: 'utf8' } },
    rows: [],
  });
  assert.deepEqual((await call('GET', '/v1/devices/d1/messages/m2')).body.processed, { at: 8, readings: 0 });
  assert.equal((await call('GET', '/v1/devices/d2/messages/m1')).status, 404);
});

function message(messageId: string, others: readonly UserProperty[] = []): Message {
  return {
    topic: 'devices/d1/telemetry',
    payload: Buffer.from('x'),
    qos: 1,
    retain: false,
    properties: { userProperties: [['sluice-message-id', messageId], ...others] },
    receivedAt: 0,
    publisher: 'd1',
  };
}

test('a message that says something wrong has a story by the id that it says right', async (t) => {
  const { call, engine } = await serveDisk(t);
  await engine.declare('ingest', {});
  const wrong = message('m1', [['sluice-time', 'garbage']]);
  await new Promise((receipt) => engine.destination('ingest').admit(wrong, { receipt }, 0));
  assert.equal((await call('GET', '/v1/devices/d1/messages/m1')).body.status, 'waiting');
});

test('the story of a dead message names its place among the dead letters', async (t) => {
  const { call, engine } = await serveDisk(t);
  await engine.declare('ingest', {});
  const enqueued = new Promise((receipt) => engine.destination('ingest').admit(message('waits'), { receipt }, 0));
  await enqueued;
  for (const id of ['first', 'second']) {
    await engine.bury('ingest', message(id), { code: 'driver_failed', reason: `Cannot read ${id}`, headers: [] });
  }
  const { dead } = (await call('GET', '/v1/devices/d1/messages/second')).body;
  const [there] = (await engine.browse('ingest.dead', { from: dead.sequence, limit: 1 })).messages;
  assert.equal(there.sequence, dead.sequence);
  assert.equal(there.death?.reason, 'Cannot read second');
  assert.equal(dead.reason, 'Cannot read second');
});

test('an id that several devices used has a story for each; a device sees its own', async (t) => {
  const { call, store, access } = await serve(t, { anonymous: 'never' });
  for (const deviceId of ['d1', 'd2']) {
    store.processed.push({ messageId: '1', deviceId, processedAt: 7, readings: 1, raw: undefined });
  }
  const devices = (body: { stories: { deviceId: string }[] }) => body.stories.map(({ deviceId }) => deviceId);
  const all = await call('GET', '/v1/messages/1', undefined, { authorization: 'Bearer ops-token' });
  assert.deepEqual([devices(all.body), all.body.complete], [['d1', 'd2'], true]);
  assert.equal((await call('GET', '/v1/messages/1', undefined, basic('ann', 'ann-secret'))).status, 403);
  t.mock.method(access, 'authenticate', async () => ({ kind: 'device', name: 'd2', deviceType: 'meter' }));
  assert.deepEqual(devices((await call('GET', '/v1/messages/1', undefined, basic('d2', 'x'))).body), ['d2']);
});

test('what is nowhere is not found', async (t) => {
  const { call, store } = await serve(t);
  store.known.set('d1', { ...testDevice({ id: 'd1', type: 'meter' }), createdAt: 1 });
  for (const path of ['/v1/devices/d1/messages/m9', '/v1/messages/m9']) {
    const { status, body } = await call('GET', path);
    assert.deepEqual([status, body.code, body.messageId], [404, 'not_found', 'm9'], path);
  }
});
