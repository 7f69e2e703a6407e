import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Message } from '../../message.ts';
import { serve } from '../testing/served.ts';

/** Two messages in `orders`, and `parked` for them to go to. */
async function serveOrders(t: TestContext) {
  const served = await serve(t);
  const { engine, call } = served;
  await engine.declare('orders', {});
  await engine.declare('parked', {});
  engine.put('orders', messageOf('{"n":1}', 'lamps/a'));
  engine.put('orders', messageOf('{"n":2}', 'lamps/b'));
  return { ...served, move: (body: object) => call('POST', '/v1/moves', { from: 'orders', to: 'parked', ...body }) };
}

function messageOf(payload: string, topic: string): Message {
  const properties = { userProperties: [['kind', topic]] } as const;
  return { topic, payload: Buffer.from(payload), qos: 1, retain: false, properties, receivedAt: 0, publisher: 'p' };
}

test('a move is begun, and told of under its id', async (t) => {
  const { move, call, engine } = await serveOrders(t);
  const { status, body, headers } = await move({ filter: { topic: 'lamps/+', payload: { '$.n': 2 } } });
  assert.deepEqual([status, headers.get('location')], [202, '/v1/moves/1']);
  assert.deepEqual([body.state, body.matched, body.moved], ['done', 1, 1]);
  assert.deepEqual((await call('GET', '/v1/moves/1')).body, body);
  assert.deepEqual((await call('GET', '/v1/moves/1?waitSeconds=5')).body, body);
  assert.deepEqual((await call('GET', '/v1/moves')).body, { moves: [body] });
  assert.deepEqual([(await engine.stats('parked')).ready, (await engine.stats('orders')).ready], [1, 1]);
  assert.equal((await call('GET', '/v1/moves/9')).status, 404);
  assert.equal((await call('GET', '/v1/moves/1?waitSeconds=21')).status, 400);
});

test('a move that runs is cancelled, and goes on when it is resumed', async (t) => {
  const { move, call } = await serveOrders(t);
  assert.equal((await move({ rate: 0.5 })).body.state, 'running');
  assert.equal((await call('DELETE', '/v1/moves/1')).body.state, 'cancelled');
  assert.equal((await call('POST', '/v1/moves/1/resume')).body.state, 'running');
  assert.equal((await call('DELETE', '/v1/moves/9')).status, 404);
  assert.equal((await call('POST', '/v1/moves/9/resume')).status, 404);
});

test('a copy leaves the messages where they are, and tells of what it was asked for', async (t) => {
  const { move, engine, call } = await serveOrders(t);
  const { status, body } = await move({ copy: true, start: '1', end: '2026-01-31T12:00:00Z' });
  assert.deepEqual([status, body.state, body.moved, body.copied], [202, 'done', 0, 2]);
  assert.deepEqual(body.spec, { from: 'orders', to: 'parked', copy: true, start: '1', end: '2026-01-31T12:00:00Z' });
  assert.deepEqual([(await engine.stats('parked')).ready, (await engine.stats('orders')).ready], [2, 2]);
  // A replay brings back, and has nothing of it.
  assert.equal((await call('POST', '/v1/dead-letters/replay', { queue: 'orders', copy: true })).status, 400);
});

test('a dry run shows what would arrive, and begins nothing', async (t) => {
  const { move, call } = await serveOrders(t);
  const edit = {
    topic: 'lamps/c',
    payload: { m: 1 },
    payloadPatch: { m: null, k: 2 },
    setUserProperties: [['kind', 'edited']],
    expirySeconds: null,
  };
  const { status, body } = await move({ dryRun: true, limit: 1, filter: { headers: { kind: 'lamps/a' } }, edit });
  assert.equal(status, 200);
  assert.deepEqual(body, {
    matched: 1,
    movable: 1,
    superseded: 0,
    skipped: [],
    samples: [
      {
        sequence: 1,
        to: 'parked',
        topic: 'lamps/c',
        payload: '{"k":2}',
        encoding: 'utf8',
        properties: { userProperties: [['kind', 'edited']] },
      },
    ],
  });
  assert.deepEqual((await call('GET', '/v1/moves')).body, { moves: [] });
});

test('a move that cannot be is refused', async (t) => {
  const { move, call } = await serveOrders(t);
  const code = async (body: object) => (await move(body)).body.code;
  assert.equal(await code({ from: 'none' }), 'queue_not_found');
  assert.equal(await code({ filter: { topic: 'a/#/b' } }), 'invalid_filter');
  assert.equal(await code({ filter: { payload: { n: 1 } } }), 'invalid_argument');
  assert.equal(await code({ filter: { colour: 'red' } }), 'invalid_argument');
  assert.equal(await code({ edit: { topic: 'a/#' } }), 'invalid_topic');
  assert.equal(await code({ edit: { payload: '%', encoding: 'base64' } }), 'payload_unreadable');
  assert.equal(await code({ edit: { contentType: 'a\0' } }), 'invalid_argument');
  assert.equal(await code({ edit: { setUserProperties: [['a', '\0']] } }), 'invalid_argument');
  for (const wrong of [{ limit: 0 }, { rate: 0 }, { rate: 1e9 }, { waitSeconds: 21 }]) {
    assert.equal(await code(wrong), 'invalid_argument', JSON.stringify(wrong));
  }
  assert.equal((await call('POST', '/v1/moves', {})).body.code, 'invalid_argument');
});
