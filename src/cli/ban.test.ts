import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgainst } from './testing/fake-server.ts';

const ban = {
  id: 7,
  kind: 'user',
  address: '192.0.2.7',
  name: 'ann\u001b[31m',
  reason: '10 failed logins',
  since: 0,
  until: 300_000,
};

test('ban list shows who is banned, until when and for what, and no control characters of strangers', async () => {
  const { out } = await runAgainst({ 'GET /v1/bans': { body: { bans: [ban] } } }, ['ban', 'list']);
  const [, row] = out.split('\n');
  assert.match(row, /^ *7 +user +192\.0\.2\.7 +ann\S* +1970-01-01T00:05:00\.000Z +10 failed logins$/);
  assert.ok(!out.includes('\u001b'));
});

test('ban list says so where nobody is banned', async () => {
  const { out } = await runAgainst({ 'GET /v1/bans': { body: { bans: [] } } }, ['ban', 'list']);
  assert.equal(out, 'Nobody is banned.');
});

test('ban lift asks for the ban by its id', async () => {
  const { out, seen } = await runAgainst({ 'DELETE /v1/bans/7': { status: 204 } }, ['ban', 'lift', '7']);
  assert.equal(seen[0].url, '/v1/bans/7');
  assert.equal(out, 'Lifted ban 7.');
});
