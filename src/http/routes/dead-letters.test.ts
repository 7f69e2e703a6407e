import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Message } from '../../message.ts';
import { serve } from '../testing/served.ts';

/** Three dead letters of one cause and one of another. */
async function serveDead(t: TestContext) {
  const served = await serve(t);
  const { engine } = served;
  await engine.declare('ingest', {});
  const dead = (topic: string, fingerprint: string, code: string) =>
    engine.bury('ingest', messageTo(topic), {
      code,
      reason: `Cannot read ${topic}`,
      headers: [
        ['fingerprint', fingerprint],
        ['stage', 'decode'],
      ],
    });
  await dead('devices/a/telemetry', 'f1', 'driver_failed');
  await dead('devices/b/telemetry', 'f1', 'driver_failed');
  await dead('devices/c/telemetry', 'f2', 'no_driver');
  await dead('devices/d/events/door', 'f1', 'driver_failed');
  return served;
}

function messageTo(topic: string): Message {
  return {
    topic,
    payload: Buffer.from('x'),
    qos: 1,
    retain: false,
    properties: undefined,
    receivedAt: 0,
    publisher: 'p',
  };
}

test('dead letters are grouped by cause', async (t) => {
  const { call } = await serveDead(t);
  const { status, body } = await call('GET', '/v1/dead-letters');
  assert.equal(status, 200);
  assert.equal(body.queue, 'ingest.dead');
  assert.equal(body.total, 4);
  const counts = body.groups.map((group: { fingerprint: string; count: number }) => [group.fingerprint, group.count]);
  assert.deepEqual(
    new Map(counts),
    new Map([
      ['f1', 3],
      ['f2', 1],
    ]),
  );
  assert.equal((await call('GET', '/v1/dead-letters?queue=none')).status, 404);
});

test('dead letters of one cause are read, page by page', async (t) => {
  const { call } = await serveDead(t);
  const page = (query: string) => call('GET', `/v1/dead-letters/messages?fingerprint=f1&${query}`);
  const { messages, next } = (await page('limit=2')).body;
  assert.deepEqual(
    messages.map((message: { topic: string }) => message.topic),
    ['devices/a/telemetry', 'devices/b/telemetry'],
  );
  assert.equal(messages[0].death.code, 'driver_failed');
  const rest = (await page(`limit=2&from=${next}`)).body;
  assert.deepEqual(
    rest.messages.map((message: { topic: string }) => message.topic),
    ['devices/d/events/door'],
  );
  assert.equal((await page('limit=many')).status, 400);
});

test('a dry run tells what would become of them and moves nothing', async (t) => {
  const { call, engine } = await serveDead(t);
  const { body } = await call('POST', '/v1/dead-letters/replay', { fingerprint: 'f1', dryRun: true });
  assert.deepEqual([body.matched, body.movable], [3, 3]);
  assert.deepEqual(body.samples[1], {
    sequence: 2,
    to: 'ingest',
    topic: 'devices/b/telemetry',
    payload: 'x',
    encoding: 'utf8',
  });
  assert.deepEqual(
    body.rehearsal.map((each: { sequence: number; now: string }) => [each.sequence, each.now]),
    [
      [1, 'applied'],
      [2, 'applied'],
      [4, 'applied'],
    ],
  );
  assert.equal((await engine.stats('ingest.dead')).ready, 4);
  const none = await call('POST', '/v1/dead-letters/replay', { fingerprint: 'f9', dryRun: true });
  assert.deepEqual(none.body, { matched: 0, movable: 0, superseded: 0, skipped: [], samples: [], rehearsal: [] });
});

test('a replay sends what is meant back to where it came from', async (t) => {
  const { call, engine } = await serveDead(t);
  const { status, body } = await call('POST', '/v1/dead-letters/replay', { fingerprint: 'f1', sequences: [1, 3, 4] });
  assert.deepEqual([status, body.state, body.matched, body.moved, body.skipped], [202, 'done', 2, 2, []]);
  assert.equal((await engine.stats('ingest')).ready, 2);
  assert.equal((await call('POST', '/v1/dead-letters/replay', { limit: 1 })).body.moved, 1);
  assert.equal((await call('POST', '/v1/dead-letters/replay', { queue: 'none' })).status, 404);
  assert.equal((await call('POST', '/v1/dead-letters/replay', { filter: {} })).status, 400);
});

test('before the first dead letter there is none, which is no error', async (t) => {
  const { call, engine } = await serve(t);
  await engine.declare('ingest', {});
  assert.deepEqual((await call('GET', '/v1/dead-letters')).body.groups, []);
  assert.deepEqual((await call('GET', '/v1/dead-letters/messages')).body.messages, []);
  const { body } = await call('POST', '/v1/dead-letters/replay', { dryRun: true });
  assert.deepEqual(body, { matched: 0, movable: 0, superseded: 0, skipped: [], samples: [], rehearsal: [] });
  assert.equal((await call('POST', '/v1/dead-letters/replay', {})).body.moved, 0);
});
