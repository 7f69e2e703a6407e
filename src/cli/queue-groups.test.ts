import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgainst } from './testing/fake-server.ts';

const billing = {
  name: 'billing',
  position: 1234,
  leased: 2,
  scheduled: 1,
  consumers: 3,
  lagMessages: 1500,
  lagMs: 20,
  acknowledged: 7,
  failed: 1,
  deadLettered: 4,
  heldMs: 0,
  skipped: 0,
};

test('queue groups prints a table with the lag of each group', async () => {
  const { out } = await runAgainst({ 'GET /v1/queues/audit/groups': { body: { groups: [billing] } } }, [
    'queue',
    'groups',
    'audit',
  ]);
  assert.equal(
    out,
    [
      'group    position    lag  lag (ms)  to drain (ms)  leased  scheduled  consumers  dead  skipped',
      'billing  1234      1,500        20              -       2          1          3     4        0',
    ].join('\n'),
  );
});

const known = { 'GET /v1/queues/audit/groups': { body: { groups: [billing] } } };

test('queue seek makes no group of a misspelled name, and makes one where that is asked for', async () => {
  const refused = await runAgainst(known, ['queue', 'seek', 'audit', 'biling', 'earliest']);
  assert.equal(refused.status, 1);
  assert.equal(refused.err, 'Name a group of "audit" (there are "billing"), or make "biling" with --make');
  assert.equal(refused.seen.length, 1);
  const answers = { 'POST /v1/queues/audit/groups/new/seek': { body: billing } };
  const made = await runAgainst(answers, ['queue', 'seek', 'audit', 'new', 'latest', '--make']);
  assert.equal(made.status, 0);
});

test('queue seek sends the place, and says where the group goes on', async () => {
  const answers = { ...known, 'POST /v1/queues/audit/groups/billing/seek': { body: billing } };
  const { out, seen } = await runAgainst(answers, ['queue', 'seek', 'audit', 'billing', 'earliest']);
  assert.deepEqual(seen[1].body, { to: 'earliest' });
  assert.equal(out, 'Group billing goes on at 1234, with 1,500 messages to go.');
});

test('queue forget removes a group', async () => {
  const answers = { 'DELETE /v1/queues/audit/groups/billing': { status: 204 } };
  const { out, seen } = await runAgainst(answers, ['queue', 'forget', 'audit', 'billing']);
  assert.deepEqual([seen[0].method, out], ['DELETE', 'Forgot group billing of audit.']);
});
