import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../testing/served.ts';

test('those that sent and are registered meanwhile are not listed, and the limit holds for the others', async (t) => {
  const { call, pipeline } = await serve(t);
  for (const [at, id] of ['a', 'b', 'late', 'c'].entries()) pipeline.strangers.saw(id, 'gate', at);
  await call('PUT', '/v1/device-types/meter', { mode: 'inline' });
  await call('PUT', '/v1/devices/late', { type: 'meter' });
  const list = async (query: string) => (await call('GET', `/v1/unregistered-devices${query}`)).body.devices;
  assert.deepEqual(await list('?limit=2'), [
    { deviceId: 'c', messages: 1, firstAt: 3, lastAt: 3, lastClient: 'gate' },
    { deviceId: 'b', messages: 1, firstAt: 1, lastAt: 1, lastClient: 'gate' },
  ]);
  assert.equal((await list('')).length, 3);
  assert.equal(pipeline.strangers.list().length, 3);
});
