import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ban } from '../../broker/admission/bans.ts';
import { basic, serve } from '../testing/served.ts';

const ban: Ban = {
  id: 7,
  kind: 'user',
  address: '192.0.2.7',
  name: 'ann',
  reason: '10 failed logins',
  since: 1_000,
  until: 301_000,
};

test('bans are listed and lifted by their id', async (t) => {
  const { call, bans } = await serve(t);
  assert.deepEqual((await call('GET', '/v1/bans')).body, { bans: [] });
  bans.set(7, ban);
  assert.deepEqual((await call('GET', '/v1/bans')).body, { bans: [ban] });
  assert.equal((await call('DELETE', '/v1/bans/7')).status, 204);
  const { status, body } = await call('DELETE', '/v1/bans/7');
  assert.equal(status, 404);
  assert.equal(body.detail, 'Cannot lift ban 7: there is none, or it is over');
});

test('bans are for administrators, and their ids are numbers', async (t) => {
  const { call } = await serve(t);
  assert.equal((await call('GET', '/v1/bans', undefined, basic('ann', 'ann-secret'))).status, 403);
  assert.equal((await call('DELETE', '/v1/bans/ann')).status, 400);
});
