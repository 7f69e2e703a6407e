import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../testing/served.ts';

test('the numbers of the pipeline are answered as the metrics have them, without what shadows were compared at', async (t) => {
  const { call } = await serve(t);
  const { status, body } = await call('GET', '/v1/pipeline');
  assert.equal(status, 200);
  assert.deepEqual(body.outcomes, { applied: 3, stale: 1 });
  assert.deepEqual(body.stepsUs.store, { count: 2, mean: 1_500_000, p50: 0, p90: 0, p99: 0, max: 0 });
  assert.deepEqual(body.drivers, [
    {
      deviceType: 'meter',
      driver: 'own',
      driverVersion: '1.0.0',
      outcomes: { applied: 43 },
      deadLettered: 47,
      decodeUs: { count: 2, mean: 250, p50: 0, p90: 0, p99: 0, max: 0 },
    },
  ]);
  assert.deepEqual(body.trials, [
    {
      driver: { id: 'own', version: '2.0.0' },
      canary: { messages: 100, failed: 3, othersMessages: 900, othersFailed: 5 },
      shadow: { same: 51, different: 52, failed: 53, mended: 54, dropped: 55 },
    },
  ]);
  const deviceTypes = ['meter', 'sensor'];
  assert.deepEqual(body.setAside, [{ driver: { id: 'own', version: '1.0.0' }, deviceTypes, workers: ['worker:w1'] }]);
  assert.equal(body.stateKeysLeftOut, 29);
  assert.deepEqual(body.rollups, [{ intervalMs: 60_000, reachedId: 31, behindRows: 37, behindMs: 41_000 }]);
});

test('an answer of the pipeline says no more than its document, and everything that it says', async (t) => {
  const { call } = await serve(t);
  const { body } = await call('GET', '/v1/pipeline');
  const { body: api } = await call('GET', '/v1/openapi.json');
  const { schema } = api.paths['/v1/pipeline'].get.responses['200'].content['application/json'];
  assert.deepEqual(Object.keys(schema.properties).sort(), Object.keys(body).sort());
});
