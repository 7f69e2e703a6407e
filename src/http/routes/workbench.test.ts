import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { serve } from '../testing/served.ts';

async function serveDead(t: TestContext, count: number) {
  const served = await serve(t);
  await served.engine.declare('ingest', {});
  for (let number = 0; number < count; number++) {
    const message = {
      topic: 'devices/a/telemetry',
      payload: Buffer.from([0x41, 0x00, ...Buffer.from('bcdefghijklmnopq')]),
      qos: 1 as const,
      retain: false,
      properties: undefined,
      receivedAt: 0,
      publisher: 'p',
    };
    const headers = [
      ['fingerprint', number % 2 === 0 ? 'even' : 'odd'],
      ['device-type', number % 3 === 0 ? 'tank' : 'meter'],
    ] as const;
    await served.engine.bury('ingest', message, { code: 'driver_failed', reason: 'Cannot read it', headers });
  }
  return served;
}

test('a dead letter is shown byte by byte beside what would become of it', async (t) => {
  const { call } = await serveDead(t, 2);
  const { status, body } = await call('GET', '/v1/dead-letters/messages/2');
  assert.equal(status, 200);
  assert.equal(body.bytes, 18);
  assert.deepEqual(body.hex, [
    { offset: 0, hex: '41 00 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f', text: 'A.bcdefghijklmno' },
    { offset: 16, hex: '70 71', text: 'pq' },
  ]);
  assert.deepEqual([body.now.sequence, body.now.now], [2, 'applied']);
  assert.equal(body.message.death.code, 'driver_failed');
});

test('a dead letter that is not there is not found, and half a driver is refused', async (t) => {
  const { call } = await serveDead(t, 1);
  assert.equal((await call('GET', '/v1/dead-letters/messages/2')).status, 404);
  assert.equal((await call('GET', '/v1/dead-letters/messages/0')).status, 404);
  assert.equal((await call('GET', '/v1/dead-letters/messages/1?driver=x')).status, 400);
  assert.equal(
    (await call('GET', '/v1/dead-letters/messages/1?driver=x&version=2.0.0')).body.now.driver.version,
    '2.0.0',
  );
});

test('all of a group are tried, page by page, up to the limit, and nothing moves', async (t) => {
  const { call, engine } = await serveDead(t, 450);
  const all = (await call('POST', '/v1/dead-letters/trials', { fingerprint: 'odd' })).body;
  assert.deepEqual([all.tried, all.outcomes, all.next], [225, { applied: 225 }, undefined]);
  assert.equal(all.samples.length, 1);
  assert.equal(all.samples[0].died.code, 'driver_failed');
  const some = (await call('POST', '/v1/dead-letters/trials', { limit: 130 })).body;
  assert.deepEqual([some.tried, some.next], [130, 131]);
  const other = await call('POST', '/v1/dead-letters/trials', { driver: { id: 'x', version: '9.0.0' }, limit: 1 });
  assert.equal(other.body.samples[0].now.driver.version, '9.0.0');
  assert.equal((await engine.stats('ingest.dead')).ready, 450);
});

test('a driver is tried on what died of the type that it is for, unless a type or a cause is named', async (t) => {
  const { call, pipeline } = await serveDead(t, 12);
  pipeline.shownDriver = { deviceType: 'tank' };
  const driver = { id: 'x', version: '9.0.0' };
  const tries: [object, number, string | undefined][] = [
    [{ driver }, 4, 'tank'],
    [{ driver, deviceType: 'meter' }, 8, 'meter'],
    [{ driver, fingerprint: 'odd' }, 6, undefined],
    [{ deviceType: 'tank', fingerprint: 'odd' }, 2, 'tank'],
    [{}, 12, undefined],
  ];
  for (const [body, tried, deviceType] of tries) {
    const answer = (await call('POST', '/v1/dead-letters/trials', body)).body;
    assert.deepEqual([answer.tried, answer.deviceType], [tried, deviceType], JSON.stringify(body));
  }
  pipeline.shownDriver = {};
  assert.equal((await call('POST', '/v1/dead-letters/trials', { driver })).body.tried, 12, 'it is for every type');
});

test('dead letters of another queue are looked at and tried there, and what is of no device has no driver', async (t) => {
  const { call, engine } = await serveDead(t, 1);
  await engine.declare('jobs', {});
  const message = { qos: 1 as const, retain: false, properties: undefined, receivedAt: 0, publisher: 'p' };
  const death = { code: 'no_luck', reason: 'Out of paper', headers: [] };
  await engine.bury('jobs', { ...message, topic: 'jobs/print', payload: Buffer.from('a') }, death);
  await engine.bury('jobs', { ...message, topic: 'devices/a/telemetry', payload: Buffer.from('b') }, death);
  const { body } = await call('GET', '/v1/dead-letters/messages/1?queue=jobs.dead');
  assert.deepEqual([body.message.death.code, body.hex[0].text, body.now], ['no_luck', 'a', undefined]);
  assert.equal((await call('GET', '/v1/dead-letters/messages/2?queue=jobs.dead')).body.now.now, 'applied');
  const missing = await call('GET', '/v1/dead-letters/messages/9?queue=jobs.dead');
  assert.deepEqual([missing.status, /"jobs\.dead"/.test(missing.body.detail)], [404, true]);
  assert.equal((await call('POST', '/v1/dead-letters/trials', { queue: 'jobs.dead' })).body.tried, 2);
  assert.equal((await call('POST', '/v1/dead-letters/trials', { queue: 'none' })).status, 404);
});

test('before the first dead letter there is nothing to try', async (t) => {
  const { call, engine } = await serve(t);
  await engine.declare('ingest', {});
  assert.equal((await call('POST', '/v1/dead-letters/trials', {})).body.tried, 0);
  assert.equal((await call('GET', '/v1/dead-letters/messages/1')).status, 404);
});
