import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../errors.ts';
import { serve } from '../testing/served.ts';

test('a queue is made, shown, changed, paused, purged and removed', async (t) => {
  const { call } = await serve(t);
  const made = await call('POST', '/v1/queues', {
    name: 'jobs',
    options: { bindings: [{ filter: 'jobs/#' }], limits: { messages: 5 } },
  });
  assert.equal(made.status, 201);
  assert.equal(made.body.options.maxDeliveries, 5);
  assert.deepEqual(made.body.options.limits, { messages: 5, bytes: 0 });

  await call('POST', '/v1/queues/jobs/messages', { messages: [{ payload: '1' }, { payload: '2' }] });
  const { body: list } = await call('GET', '/v1/queues');
  assert.deepEqual(
    list.queues.map((queue: { name: string; stats: { ready: number } }) => [queue.name, queue.stats.ready]),
    [['jobs', 2]],
  );
  assert.equal((await call('GET', '/v1/queues/jobs')).body.stats.ready, 2);
  assert.equal((await call('GET', '/v1/queues/jobs/stats')).body.enqueued, 2);

  const changed = await call('PATCH', '/v1/queues/jobs', { options: { leaseMs: 5_000, backoff: { kind: 'fixed' } } });
  assert.equal(changed.body.options.leaseMs, 5_000);
  assert.equal(changed.body.options.backoff.kind, 'fixed');
  assert.equal(changed.body.options.backoff.initialMs, 1_000);
  assert.deepEqual(changed.body.options.limits, { messages: 5, bytes: 0 });

  assert.equal((await call('POST', '/v1/queues/jobs/pause')).body.options.paused, true);
  assert.equal((await call('POST', '/v1/queues/jobs/resume')).body.options.paused, false);
  assert.deepEqual((await call('POST', '/v1/queues/jobs/purge')).body, { purged: 2 });
  assert.equal((await call('DELETE', '/v1/queues/jobs')).status, 204);
  assert.equal((await call('GET', '/v1/queues/jobs')).status, 404);
});

test('making a queue again is fine where it agrees and a conflict where it does not', async (t) => {
  const { call } = await serve(t);
  await call('POST', '/v1/queues', { name: 'jobs', options: { maxDeliveries: 3 } });
  assert.equal((await call('POST', '/v1/queues', { name: 'jobs', options: { maxDeliveries: 3 } })).status, 200);
  assert.equal((await call('POST', '/v1/queues', { name: 'jobs' })).status, 200);
  const { status, body } = await call('POST', '/v1/queues', { name: 'jobs', options: { maxDeliveries: 4 } });
  assert.equal(status, 409);
  assert.match(body.detail, /PATCH.*maxDeliveries 3/);
});

test('what a queue cannot be is refused', async (t) => {
  const { call } = await serve(t);
  const refused = async (body: object, sentence: RegExp): Promise<void> => {
    const answer = await call('POST', '/v1/queues', body);
    assert.equal(answer.status, 400);
    assert.match(answer.body.detail, sentence);
  };
  await refused({}, /"name"/);
  await refused({ name: 'a b' }, /queue "a b": a name takes/);
  await refused(
    { name: 'q', options: { maxDelivery: 3 } },
    /Remove "maxDelivery" from options: it takes .*; did you mean "maxDeliveries"\?$/,
  );
  await refused({ name: 'q', options: { leaseMs: 10 } }, /options\.leaseMs as at least 1000: met 10/);
  await refused(
    { name: 'q', options: { dispatch: 'fastest' } },
    /one of "least_inflight", "round_robin", "random", "sticky": met "fastest"/,
  );
  await refused({ name: 'q', options: { bindings: [{ filter: 'a/#/b' }] } }, /a\/#\/b/);
  await refused({ name: 'q', options: { backoff: { jitter: 2 } } }, /backoff\.jitter as at most 1/);
});

test('every route of a queue that is not there says so, and a change makes none', async (t) => {
  const { call, engine } = await serve(t);
  const tokens = ['t1'];
  for (const [method, path, body] of [
    ['GET', ''],
    ['PATCH', '', { options: { paused: true } }],
    ['DELETE', ''],
    ['GET', '/stats'],
    ['POST', '/messages', { messages: [{ payload: '' }] }],
    ['GET', '/messages'],
    ['POST', '/lease', {}],
    ['POST', '/ack', { tokens }],
    ['POST', '/nack', { tokens }],
    ['POST', '/extend', { tokens, leaseSeconds: 5 }],
    ['POST', '/purge'],
    ['POST', '/pause'],
    ['POST', '/resume'],
  ] as const) {
    const answer = await call(method, `/v1/queues/none${path}`, body);
    assert.equal(answer.status, 404, path);
    assert.equal(answer.body.code, 'queue_not_found');
    assert.match(answer.body.detail, /make it with `sluice queue create \w+ --bind FILTER`$/);
  }
  assert.equal((await engine.list()).length, 0);
});

test('a dead letter queue can be turned off', async (t) => {
  const { call } = await serve(t);
  const { status, body } = await call('POST', '/v1/queues', { name: 'q', options: { deadLetter: null } });
  assert.equal(status, 201);
  assert.equal(body.options.deadLetter, null);
});

test('messages of a queue are read page by page and stay there', async (t) => {
  const { call } = await serve(t);
  await call('POST', '/v1/queues', { name: 'jobs' });
  const messages = Array.from({ length: 150 }, (_, at) => ({ topic: `jobs/${at}`, payload: String(at) }));
  await call('POST', '/v1/queues/jobs/messages', { messages });
  const first = (await call('GET', '/v1/queues/jobs/messages?limit=100')).body;
  assert.equal(first.messages.length, 100);
  const { sequence, state, topic, payload, encoding, attempts } = first.messages[0];
  assert.deepEqual(
    { sequence, state, topic, payload, encoding, attempts },
    { sequence: 1, state: 'ready', topic: 'jobs/0', payload: '0', encoding: 'utf8', attempts: 0 },
  );
  const second = (await call('GET', `/v1/queues/jobs/messages?limit=100&from=${first.next}`)).body;
  assert.equal(second.messages.length, 50);
  assert.equal(second.next, undefined);
  assert.equal((await call('GET', '/v1/queues/jobs/stats')).body.ready, 150);
  for (const query of ['limit=0', 'limit=1001', 'from=-1', 'from=x', 'size=5']) {
    assert.equal((await call('GET', `/v1/queues/jobs/messages?${query}`)).status, 400, query);
  }
});

test('a page of large messages ends at its bytes, and the next one goes on there', async (t) => {
  const { call, engine } = await serve(t);
  await engine.declare('big', {});
  const payload = Buffer.alloc(1024 * 1024);
  for (let at = 0; at < 6; at++)
    engine.put('big', {
      topic: 't',
      payload,
      qos: 1,
      retain: false,
      properties: undefined,
      receivedAt: 0,
      publisher: 'p',
    });
  const first = (await call('GET', '/v1/queues/big/messages')).body;
  assert.deepEqual(
    first.messages.map((message: { sequence: number }) => message.sequence),
    [1, 2, 3, 4],
  );
  const second = (await call('GET', `/v1/queues/big/messages?from=${first.next}`)).body;
  assert.deepEqual(
    second.messages.map((message: { sequence: number }) => message.sequence),
    [5, 6],
  );
});

test('a message to a queue keeps its topic, or is named after the queue, and a failure is told', async (t) => {
  const { call, engine } = await serve(t);
  await engine.declare('jobs', {});
  await call('POST', '/v1/queues/jobs/messages', {
    messages: [{ payload: 'x' }, { topic: 'own/topic', payload: 'AP8=', encoding: 'base64' }],
  });
  const { messages } = (await call('GET', '/v1/queues/jobs/messages')).body;
  assert.deepEqual(
    messages.map((each: { topic: string; payload: string; encoding: string }) => [
      each.topic,
      each.payload,
      each.encoding,
    ]),
    [
      ['$queue/jobs', 'x', 'utf8'],
      ['own/topic', 'AP8=', 'base64'],
    ],
  );
  engine.failure = new SluiceError('queue_full', 'Send it later: queue "jobs" is full');
  const { body } = await call('POST', '/v1/queues/jobs/messages', {
    messages: [{ payload: 'x' }, { topic: '#', payload: 'y' }],
  });
  assert.deepEqual(
    body.results.map((result: { code: string }) => result.code),
    ['queue_full', 'invalid_topic'],
  );
});
