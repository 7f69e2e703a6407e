import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { mock, test } from 'node:test';
import { serve } from '../testing/served.ts';
import { serveDisk } from '../testing/served-disk.ts';

async function serveJobs(t: Parameters<typeof serve>[0], payloads: readonly string[]) {
  const served = await serve(t);
  await served.engine.declare('jobs', {});
  if (payloads.length > 0) {
    await served.call('POST', '/v1/queues/jobs/messages', { messages: payloads.map((payload) => ({ payload })) });
  }
  const lease = (body?: object) => served.call('POST', '/v1/queues/jobs/lease', body);
  const stats = async () => (await served.call('GET', '/v1/queues/jobs/stats')).body;
  return { ...served, lease, stats };
}

test('a lease hands out messages with what is needed to settle them', async (t) => {
  const { lease, engine } = await serveJobs(t, ['a', 'b', 'c']);
  const { status, body } = await lease({ max: 2, leaseSeconds: 10 });
  assert.equal(status, 200);
  assert.equal(body.messages.length, 2);
  const { token, ...first } = body.messages[0];
  assert.equal(typeof token, 'string');
  assert.deepEqual(first, {
    leaseUntil: engine.now + 10_000,
    sequence: 1,
    attempt: 1,
    enqueuedAt: engine.now,
    topic: '$queue/jobs',
    payload: 'a',
    encoding: 'utf8',
  });
  assert.equal((await lease()).body.messages.length, 1);
  assert.deepEqual((await lease()).body.messages, []);
});

test('acknowledged messages leave, and a token counts once', async (t) => {
  const { lease, call, stats } = await serveJobs(t, ['a']);
  const { token } = (await lease()).body.messages[0];
  const ack = () => call('POST', '/v1/queues/jobs/ack', { tokens: [token] });
  assert.deepEqual((await ack()).body.results, [{ token, ok: true }]);
  assert.deepEqual((await ack()).body.results, [{ token, ok: false, code: 'lease_lost' }]);
  assert.equal((await stats()).ready, 0);
});

test('a message is given back as failed, released or rejected', async (t) => {
  const { lease, call } = await serveJobs(t, ['a']);
  const nack = async (body: object) => {
    const { token } = (await lease()).body.messages[0];
    return call('POST', '/v1/queues/jobs/nack', { tokens: [token], ...body });
  };
  await nack({ mode: 'released' });
  await nack({ reason: 'The printer is out of paper' });
  const [stored] = (await call('GET', '/v1/queues/jobs/messages')).body.messages;
  assert.equal(stored.attempts, 1);
  assert.equal(stored.lastError, 'The printer is out of paper');
  await nack({ mode: 'rejected', code: 'not_a_job', reason: 'It is a poem' });
  const [dead] = (await call('GET', '/v1/queues/jobs.dead/messages')).body.messages;
  assert.equal(dead.death.code, 'not_a_job');
  assert.equal(dead.death.reason, 'It is a poem');
  assert.equal(dead.death.queue, 'jobs');
});

test('nothing comes from a queue that is paused, and the answer says that it is', async (t) => {
  const { call, engine } = await serveDisk(t);
  await engine.declare('jobs', { paused: true });
  await call('POST', '/v1/queues/jobs/messages', { messages: [{ payload: 'a' }] });
  const lease = async () => (await call('POST', '/v1/queues/jobs/lease')).body;
  assert.deepEqual(await lease(), { messages: [], paused: true });
  await engine.declare('jobs', { paused: false });
  assert.equal((await lease()).messages.length, 1);
  assert.deepEqual(await lease(), { messages: [] });
});

test('who polls over a connection for each request is one consumer while it waits, and none behind it', async (t) => {
  const { engine, server } = await serveDisk(t);
  const poll = async (agent: Agent | false): Promise<number> => {
    const asked = request({ port: server.port, path: '/v1/queues/jobs/lease', method: 'POST', agent }).end();
    const [answer] = await once(asked, 'response');
    assert.equal(await text(answer), '{"messages":[]}');
    return (await engine.stats('jobs')).consumers;
  };
  assert.deepEqual([await poll(false), await poll(false), await poll(false)], [0, 0, 0]);
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  assert.deepEqual([await poll(kept), await poll(kept), await poll(kept)], [0, 1, 1]);
  kept.destroy();
});

test('a lease is extended', async (t) => {
  const { lease, call } = await serveJobs(t, ['a']);
  const { token } = (await lease()).body.messages[0];
  const { body } = await call('POST', '/v1/queues/jobs/extend', { tokens: [token, 'other'], leaseSeconds: 60 });
  assert.deepEqual(body.results, [
    { token, ok: true },
    { token: 'other', ok: false, code: 'lease_lost' },
  ]);
});

test('a lease that is extended without saying for how long is held for as long as the queue says', async (t) => {
  const { lease, call, engine } = await serveJobs(t, ['a']);
  await engine.declare('jobs', { leaseMs: 90_000 });
  const { token } = (await lease({ leaseSeconds: 5 })).body.messages[0];
  const extend = mock.method(engine, 'extend');
  const { body } = await call('POST', '/v1/queues/jobs/extend', { tokens: [token] });
  assert.deepEqual(body.results, [{ token, ok: true }]);
  assert.deepEqual(extend.mock.calls[0].arguments, ['jobs', [token], undefined]);
});

test('a lease waits for the first message', async (t) => {
  const { lease, call, engine } = await serveJobs(t, []);
  const waiting = new Promise<void>((resolve) => {
    engine.onWaiting = resolve;
  });
  const answer = lease({ waitSeconds: 20 });
  await waiting;
  await call('POST', '/v1/queues/jobs/messages', { messages: [{ payload: 'late' }] });
  assert.deepEqual(
    (await answer).body.messages.map((message: { payload: string }) => message.payload),
    ['late'],
  );
});

test('a message that came for a caller who had left is there for the next one, uncounted', async (t) => {
  const { call, engine, base, stats } = await serveJobs(t, []);
  const waiting = new Promise<void>((resolve) => {
    engine.onWaiting = resolve;
  });
  const given = new Promise<void>((resolve) => {
    const settle = engine.settle.bind(engine);
    engine.settle = async (...settlement) => {
      const results = await settle(...settlement);
      resolve();
      return results;
    };
  });
  const control = new AbortController();
  const headers = { 'content-type': 'application/json' };
  const left = fetch(`${base}/v1/queues/jobs/lease`, {
    method: 'POST',
    headers,
    body: '{"waitSeconds":20}',
    signal: control.signal,
  });
  await waiting;
  control.abort();
  await assert.rejects(left, { name: 'AbortError' });
  await call('POST', '/v1/queues/jobs/messages', { messages: [{ payload: 'for the next' }] });
  await given;
  assert.equal((await stats()).ready, 1);
  const { body } = await call('POST', '/v1/queues/jobs/lease');
  assert.equal(body.messages[0].attempt, 1);
});

test('a stop ends a waiting lease with nothing', async (t) => {
  const { lease, engine, server } = await serveJobs(t, []);
  const waiting = new Promise<void>((resolve) => {
    engine.onWaiting = resolve;
  });
  const answer = lease({ waitSeconds: 20 });
  await waiting;
  await server.stop();
  assert.deepEqual((await answer).body, { messages: [] });
});

test('what a lease or a settlement cannot be is refused', async (t) => {
  const { call } = await serveJobs(t, []);
  for (const [path, body] of [
    ['lease', { max: 0 }],
    ['lease', { max: 1_000 }],
    ['lease', { waitSeconds: 21 }],
    ['lease', { wait: 5 }],
    ['lease', { leaseSeconds: 0 }],
    ['ack', {}],
    ['ack', { tokens: [] }],
    ['ack', { tokens: 't1' }],
    ['nack', { tokens: ['t1'], mode: 'lost' }],
    ['nack', { tokens: ['t1'], mode: 'rejected', code: 'a\0b' }],
    ['nack', { tokens: ['t1'], reason: 'a\ud800b' }],
    ['extend', { leaseSeconds: 5 }],
    ['extend', { tokens: ['t1'], leaseSeconds: 0 }],
  ] as const) {
    const answer = await call('POST', `/v1/queues/jobs/${path}`, body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.equal(answer.body.code, 'invalid_argument');
  }
});
