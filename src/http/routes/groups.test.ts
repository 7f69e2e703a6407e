import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { groupsPerConsumerMax } from '../../queues/embedded/log/log-groups.ts';
import { SimulatedClock } from '../../std/clock.ts';
import { serveDisk } from '../testing/served-disk.ts';

async function serveLog(t: Parameters<typeof serveDisk>[0], payloads: readonly string[]) {
  const served = await serveDisk(t, { clock: new SimulatedClock() });
  const { call } = served;
  const made = await call('POST', '/v1/queues', { name: 'audit', options: { kind: 'log' } });
  assert.equal(made.status, 201);
  await call('POST', '/v1/queues/audit/messages', { messages: payloads.map((payload) => ({ payload })) });
  const lease = async (body: object): Promise<{ token: string; payload: string }[]> =>
    (await call('POST', '/v1/queues/audit/lease', { max: 10, ...body })).body.messages;
  const seek = (group: string, to: string) => call('POST', `/v1/queues/audit/groups/${group}/seek`, { to });
  return { ...served, lease, seek };
}

test('a group leases, acknowledges, is listed with its lag, and goes back', async (t) => {
  const { call, lease, seek } = await serveLog(t, ['a', 'b', 'c']);
  assert.deepEqual((await seek('billing', 'earliest')).body.lagMessages, 3);
  const leased = await lease({ group: 'billing', max: 2 });
  assert.deepEqual(
    leased.map(({ payload }) => payload),
    ['a', 'b'],
  );
  const tokens = leased.map(({ token }) => token);
  assert.equal((await call('POST', '/v1/queues/audit/ack', { tokens })).body.results[1].ok, true);
  const { groups } = (await call('GET', '/v1/queues/audit/groups')).body;
  assert.equal(groups.length, 1);
  const { name, position, lagMessages, acknowledged, leased: held } = groups[0];
  assert.deepEqual([name, position, lagMessages, acknowledged, held], ['billing', 3, 1, 2, 0]);
  assert.equal((await seek('billing', '2')).body.position, 2);
  assert.deepEqual(
    (await lease({ group: 'billing' })).map(({ payload }) => payload),
    ['b', 'c'],
  );
});

test('a new group begins at the end of the log, as the log says', async (t) => {
  const { call, lease } = await serveLog(t, ['a']);
  assert.deepEqual(await lease({ group: 'late' }), []);
  await call('POST', '/v1/queues/audit/messages', { messages: [{ payload: 'b' }] });
  assert.deepEqual(
    (await lease({ group: 'late' })).map(({ payload }) => payload),
    ['b'],
  );
});

test('a group is forgotten on request', async (t) => {
  const { call, seek } = await serveLog(t, ['a']);
  await seek('old', 'earliest');
  assert.equal((await call('DELETE', '/v1/queues/audit/groups/old')).status, 204);
  assert.deepEqual((await call('GET', '/v1/queues/audit/groups')).body.groups, []);
  assert.equal((await call('DELETE', '/v1/queues/audit/groups/old')).body.code, 'not_found');
});

test('what cannot be is refused with its reason', async (t) => {
  const { call, seek } = await serveLog(t, ['a']);
  const { body: bad } = await seek('g', 'yesterday');
  assert.deepEqual([bad.code, bad.status], ['invalid_argument', 400]);
  assert.match(bad.detail, /Cannot seek to "yesterday": expected earliest/);
  assert.equal((await call('GET', '/v1/queues/jobs/groups')).body.code, 'invalid_argument');
  assert.equal((await call('GET', '/v1/queues/none/groups')).body.code, 'queue_not_found');
  const { body: groupless } = await call('POST', '/v1/queues/audit/lease', {});
  assert.match(groupless.detail, /it is a log, name a group/);
  const { body: grouped } = await call('POST', '/v1/queues/jobs/lease', { group: 'g' });
  assert.match(grouped.detail, /it is a work queue/);
});

test('one identity makes so many groups by naming them, over however many connections', async (t) => {
  const { base } = await serveLog(t, []);
  const lease = (group: string): Promise<number | undefined> => {
    const answered = Promise.withResolvers<number | undefined>();
    const headers = { 'content-type': 'application/json' };
    const options = { method: 'POST', agent: false, headers };
    const sent = request(`${base}/v1/queues/audit/lease`, options, (answer) => {
      answer.resume();
      answered.resolve(answer.statusCode);
    });
    sent.on('error', answered.reject).end(JSON.stringify({ group }));
    return answered.promise;
  };
  for (let n = 0; n < groupsPerConsumerMax; n++) assert.equal(await lease(`g${n}`), 200);
  assert.equal(await lease('more'), 429);
  assert.equal(await lease('g0'), 200);
});
