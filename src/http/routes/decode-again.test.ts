import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../testing/served.ts';

test('stored messages are decoded again slice by slice, and only changed where that is asked for', async (t) => {
  const { call, pipeline } = await serve(t);
  const path = '/v1/device-types/meter/decode-again';
  const first = await call('POST', path, { from: '2026-01-01T00:00:00Z', driver: { id: 'x', version: '2.0.0' } });
  assert.deepEqual([first.status, first.body.different, first.body.corrected, first.body.next], [200, 1, 0, 7]);
  assert.equal((await call('POST', path, { apply: true, after: 7 })).body.corrected, 1);
  assert.deepEqual(
    pipeline.askedAgain.map(({ deviceType, from, driver, apply, after }) => [
      deviceType,
      from,
      driver?.id,
      apply,
      after,
    ]),
    [
      ['meter', Date.UTC(2026, 0, 1), 'x', false, 0],
      ['meter', 0, undefined, true, 7],
    ],
  );
  assert.equal((await call('POST', path, { from: 'yesterday' })).status, 400);
});
