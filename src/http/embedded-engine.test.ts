import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveDisk } from './testing/served-disk.ts';

test('a message goes through a queue on disk into the dead letters and back', async (t) => {
  const { call } = await serveDisk(t);
  const put = await call('POST', '/v1/queues/jobs/messages', { messages: [{ topic: 'jobs/1', payload: { n: 1 } }] });
  assert.deepEqual(put.body.results, [{ ok: true }]);
  const lease = async () => (await call('POST', '/v1/queues/jobs/lease', { waitSeconds: 5 })).body.messages;
  const [first] = await lease();
  assert.deepEqual([first.topic, first.payload, first.attempt], ['jobs/1', '{"n":1}', 1]);
  const nack = { tokens: [first.token], code: 'too_hard', reason: 'Cannot do 1' };
  assert.deepEqual((await call('POST', '/v1/queues/jobs/nack', nack)).body.results, [{ token: first.token, ok: true }]);

  const { groups } = (await call('GET', '/v1/dead-letters?queue=jobs.dead')).body;
  assert.deepEqual([groups.length, groups[0].code, groups[0].count], [1, 'too_hard', 1]);
  const replayed = await call('POST', '/v1/dead-letters/replay', {
    queue: 'jobs.dead',
    fingerprint: groups[0].fingerprint,
  });
  assert.equal(replayed.body.moved, 1);

  const [again] = await lease();
  await call('POST', '/v1/queues/jobs/ack', { tokens: [again.token] });
  const { ready, leased } = (await call('GET', '/v1/queues/jobs/stats')).body;
  assert.deepEqual([ready, leased], [0, 0]);
});

test('a message that came for a caller who had left is leased to the next one, uncounted', async (t) => {
  const { call, base, engine } = await serveDisk(t);
  const control = new AbortController();
  const headers = { 'content-type': 'application/json' };
  const leaseStarted = Promise.withResolvers<void>();
  const lease = engine.lease.bind(engine);
  engine.lease = (...request) => {
    leaseStarted.resolve();
    return lease(...request);
  };
  const left = fetch(`${base}/v1/queues/jobs/lease`, {
    method: 'POST',
    headers,
    body: '{"waitSeconds":20}',
    signal: control.signal,
  });
  await leaseStarted.promise;
  control.abort();
  await assert.rejects(left, { name: 'AbortError' });
  await call('POST', '/v1/queues/jobs/messages', { messages: [{ payload: 'for the next' }] });
  const { body } = await call('POST', '/v1/queues/jobs/lease', { waitSeconds: 10 });
  assert.deepEqual(
    body.messages.map((message: { payload: string; attempt: number }) => [message.payload, message.attempt]),
    [['for the next', 1]],
  );
});

test('queues that are full or missing are said as they are', async (t) => {
  const { call } = await serveDisk(t);
  await call('PATCH', '/v1/queues/jobs', { options: { limits: { messages: 1 } } });
  const { body } = await call('POST', '/v1/queues/jobs/messages', { messages: [{ payload: '1' }, { payload: '2' }] });
  assert.deepEqual(
    body.results.map((result: { ok: boolean; code?: string }) => result.code ?? result.ok),
    [true, 'queue_full'],
  );
  assert.equal((await call('POST', '/v1/queues/none/lease')).body.code, 'queue_not_found');
});
