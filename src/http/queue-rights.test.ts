import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AccessRule } from '../access/access.ts';
import { openAccess } from '../broker/testing/broker-fixture.ts';
import { CurrentDirectory } from '../queues/queue-directory.ts';
import { resolveOptions } from '../queues/resolve-options.ts';
import type { Caller } from './caller.ts';
import { requireQueueRight } from './queue-rights.ts';
import { basic, serve } from './testing/served.ts';

async function serveWorker(t: TestContext, rules: readonly AccessRule[]) {
  const users = [{ name: 'worker', password: 'worker-secret', admin: false, rules }];
  const served = await serve(t, { anonymous: 'never', users });
  await served.engine.declare('jobs', { bindings: [{ filter: 'jobs/#' }] });
  const as = (method: string, path: string, body?: object) =>
    served.call(method, path, body, basic('worker', 'worker-secret'));
  return { ...served, as };
}

const consume: readonly AccessRule[] = [
  { action: 'subscribe', filter: '$queue/jobs' },
  { action: 'subscribe', filter: 'jobs/#' },
];
const produce: readonly AccessRule[] = [{ action: 'publish', filter: '$queue/jobs' }];

test('who may read the queue and what feeds it leases, extends, gives back and acknowledges', async (t) => {
  const { as } = await serveWorker(t, [...consume, ...produce]);
  const { body } = await as('POST', '/v1/queues/jobs/messages', { messages: [{ payload: 'a' }] });
  assert.deepEqual(body.results, [{ ok: true }]);
  const lease = async () => (await as('POST', '/v1/queues/jobs/lease', {})).body.messages[0].token;
  const first = await lease();
  const results = async (path: string, body: object) =>
    (await as('POST', `/v1/queues/jobs/${path}`, body)).body.results;
  assert.deepEqual(await results('extend', { tokens: [first], leaseSeconds: 60 }), [{ token: first, ok: true }]);
  assert.deepEqual(await results('nack', { tokens: [first], mode: 'released' }), [{ token: first, ok: true }]);
  const second = await lease();
  assert.deepEqual(await results('ack', { tokens: [second] }), [{ token: second, ok: true }]);
});

test('without the right to the queue, or to one filter that feeds it, every door of a consumer is closed', async (t) => {
  const asks = [
    ['lease', {}],
    ['ack', { tokens: ['t'] }],
    ['nack', { tokens: ['t'] }],
    ['extend', { tokens: ['t'], leaseSeconds: 1 }],
  ] as const;
  const cases: readonly (readonly [AccessRule[], string])[] = [
    [[consume[0]], 'jobs/#'],
    [[consume[1]], '$queue/jobs'],
    [[{ action: 'subscribe', filter: '#' }], '$queue/jobs'],
    [[consume[0], { action: 'subscribe', filter: 'jobs/a' }], 'jobs/#'],
  ];
  for (const [rules, lacking] of cases) {
    const { as } = await serveWorker(t, rules);
    for (const [path, body] of asks) {
      const answer = await as('POST', `/v1/queues/jobs/${path}`, body);
      assert.equal(answer.status, 403, path);
      assert.equal(answer.body.detail, `Cannot consume queue "jobs": "worker" may not read "${lacking}"`);
    }
  }
});

test('the dead letters of a queue need the right to what feeds that queue', async (t) => {
  const dead: AccessRule = { action: 'subscribe', filter: '$queue/jobs.dead' };
  const { as, engine } = await serveWorker(t, [dead]);
  await engine.declare('jobs.dead', {});
  assert.match((await as('POST', '/v1/queues/jobs.dead/lease')).body.detail, /may not read "jobs\/#"/);
});

test('a queue that is not there is told to those alone who might consume it', async (t) => {
  const { as } = await serveWorker(t, [{ action: 'subscribe', filter: '$queue/mine' }]);
  const { body } = await as('POST', '/v1/queues/mine/lease');
  assert.deepEqual([body.code, body.detail], ['queue_not_found', 'There is no queue "mine"']);
  assert.equal((await as('POST', '/v1/queues/other/lease')).body.code, 'not_authorized');
});

test('who may publish to the queue puts messages into it, under no topic that is not theirs', async (t) => {
  const { as } = await serveWorker(t, [...produce, { action: 'publish', filter: 'jobs/a' }]);
  const { body } = await as('POST', '/v1/queues/jobs/messages', {
    messages: [{ payload: 'plain' }, { topic: 'jobs/a', payload: 'a' }, { topic: 'jobs/b', payload: 'b' }],
  });
  assert.deepEqual(
    body.results.map((result: { ok: boolean; code?: string }) => result.code ?? result.ok),
    [true, true, 'not_authorized'],
  );
});

test('without the right nobody puts messages into a queue, also not who may publish to its topics', async (t) => {
  const { as } = await serveWorker(t, [...consume, { action: 'publish', filter: 'jobs/#' }]);
  const answer = await as('POST', '/v1/queues/jobs/messages', { messages: [{ payload: 'x' }] });
  assert.equal(answer.status, 403);
  assert.match(answer.body.detail, /may not publish to "\$queue\/jobs"/);
});

test('the right to a queue opens nothing else of it', async (t) => {
  const { as } = await serveWorker(t, [...consume, ...produce]);
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['GET', '/messages'],
    ['POST', '/purge'],
    ['POST', '/pause'],
  ]) {
    assert.equal((await as(method, `/v1/queues/jobs${path}`)).status, 403, `${method} ${path}`);
  }
});

test('requests look through all queues once until one of them changes', async () => {
  let looks = 0;
  const others = {
    name: 'others',
    createdAt: 0,
    get options() {
      looks++;
      return resolveOptions('others', {});
    },
  };
  const jobs = { name: 'jobs', createdAt: 0, options: resolveOptions('jobs', { bindings: [{ filter: 'jobs/#' }] }) };
  const queues = [jobs, others];
  const access = { ...openAccess(), mayAdminister: () => false };
  const parts = { access, directory: new CurrentDirectory({ list: () => Promise.resolve(queues) }) };
  const caller = { identity: { kind: 'user', name: 'worker' }, clientId: 'worker' } as Caller;
  for (let i = 0; i < 3; i++) await requireQueueRight(parts, 'consumer', caller, 'jobs');
  assert.equal(looks, 1);
});
