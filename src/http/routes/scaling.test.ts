import assert from 'node:assert/strict';
import { test } from 'node:test';
import { basic, bearer, serve } from '../testing/served.ts';
import { serveDisk } from '../testing/served-disk.ts';

test('a scaler reads from a number at the top of a JSON object how many consumers a queue needs', async (t) => {
  const { call, watch, engine } = await serve(t);
  const options = { desiredConsumers: { messagesPerConsumer: 10 } };
  await call('POST', '/v1/queues', { name: 'jobs', options });
  const scaling = async () => (await call('GET', '/v1/queues/jobs/scaling', undefined, bearer('ops-token'))).body;
  await watch.look();
  assert.deepEqual(await scaling(), { queue: 'jobs', desiredConsumers: 0, consumers: 0, backlog: 0, paused: false });
  await call('POST', '/v1/queues/jobs/messages', { messages: Array.from({ length: 25 }, () => ({ payload: 'x' })) });
  await watch.look();
  assert.deepEqual(await scaling(), { queue: 'jobs', desiredConsumers: 3, consumers: 0, backlog: 25, paused: false });
  const { body: page } = await call('GET', '/metrics');
  await engine.declare('jobs', { paused: true });
  await watch.look();
  assert.deepEqual(await scaling(), { queue: 'jobs', desiredConsumers: 3, consumers: 0, backlog: 25, paused: true });
  assert.match(page, /^sluice_queue_desired_consumers\{queue="jobs"\} 3$/m);
  assert.equal((await call('GET', '/v1/queues/jobs/stats')).body.desiredConsumers, 3);
});

test('a scaler that is nobody, or asks for a queue that is not there, hears so', async (t) => {
  const { call } = await serve(t, { anonymous: 'never' });
  assert.equal((await call('GET', '/v1/queues/jobs/scaling')).status, 401);
  const { status, body } = await call('GET', '/v1/queues/jobs/scaling', undefined, bearer('ops-token'));
  assert.deepEqual([status, body.code], [404, 'queue_not_found']);
});

test('who may consume a queue may ask how many it needs, and nobody else', async (t) => {
  const users = ['reads', 'stranger'].map((name) => ({
    name,
    password: `${name}-secret`,
    admin: false,
    rules:
      name === 'reads'
        ? [
            { action: 'subscribe' as const, filter: '$queue/jobs' },
            { action: 'subscribe' as const, filter: 'orders/#' },
          ]
        : [],
  }));
  const { call } = await serve(t, { anonymous: 'never', users });
  const options = { bindings: [{ filter: 'orders/#' }] };
  await call('POST', '/v1/queues', { name: 'jobs', options }, bearer('ops-token'));
  const ask = (name: string) => call('GET', '/v1/queues/jobs/scaling', undefined, basic(name, `${name}-secret`));
  assert.equal((await ask('reads')).status, 200);
  assert.equal((await ask('stranger')).status, 403);
});

test('a group of a log is asked for by its name', async (t) => {
  const { call, watch } = await serveDisk(t);
  const options = { kind: 'log', desiredConsumers: { messagesPerConsumer: 10 } };
  await call('POST', '/v1/queues', { name: 'orders', options });
  await call('POST', '/v1/queues/orders/groups/mail/seek', { to: 'earliest' });
  await call('POST', '/v1/queues/orders/messages', { messages: Array.from({ length: 25 }, () => ({ payload: 'x' })) });
  await call('POST', '/v1/queues/orders/groups/late/seek', { to: 'latest' });
  await watch.look();
  const scaling = async (group: string) => (await call('GET', `/v1/queues/orders/scaling?group=${group}`)).body;
  assert.deepEqual(await scaling('mail'), {
    queue: 'orders',
    group: 'mail',
    desiredConsumers: 3,
    consumers: 0,
    backlog: 25,
    paused: false,
  });
  assert.deepEqual(await scaling('late'), {
    queue: 'orders',
    group: 'late',
    desiredConsumers: 0,
    consumers: 0,
    backlog: 0,
    paused: false,
  });
  assert.equal((await scaling('nobody')).code, 'not_found');
  const { body: page } = await call('GET', '/metrics');
  assert.match(page, /^sluice_queue_group_desired_consumers\{queue="orders",group="mail"\} 3$/m);
});
