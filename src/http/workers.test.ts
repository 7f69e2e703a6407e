import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testSettings } from '../access/testing/access-settings.ts';
import { toSluiceError } from '../errors.ts';
import { basic, bearer, serve } from './testing/served.ts';

const rules = [
  { action: 'subscribe', filter: '$queue/ingest' },
  { action: 'publish', filter: '$pipeline/results' },
] as const;
const users = [
  { name: 'wes', password: 'wes-secret', admin: false, rules: [...rules] },
  { name: 'reader', password: 'reader-secret', admin: false, rules: [rules[0]] },
];
const hello = { name: 'w1', drivers: ['json@1.0.0'] };
const wes = basic('wes', 'wes-secret');

test('a worker reads what there is to do, line by line, and its answers arrive', async (t) => {
  const served = await serve(t, { users, anonymous: 'never' });
  const lines = await work(served.base, wes);
  const [session] = served.pipeline.workers.sessions;
  assert.deepEqual([session.owner, session.name], ['wes', 'w1']);
  assert.deepEqual(JSON.parse(await lines.next()), {
    kind: 'open',
    session: session.session,
    bodyBytesMax: 64 * 1024,
    hearsReports: true,
  });
  session.say('{"kind":"batch","batch":1}');
  assert.equal(await lines.next(), '{"kind":"batch","batch":1}');
  const at = `/v1/workers/${session.session}/results`;
  const results = [{ ok: true, readings: [{ data: { v: [1, { deep: null }] } }], warnings: [] }];
  const taken = await served.call('POST', at, { batch: 1, from: 0, results }, wes);
  assert.deepEqual([taken.status, taken.body], [200, { taken: true }]);
  assert.deepEqual(session.taken, [{ batch: 1, from: 0, results }]);
  const late = await served.call('POST', at, { batch: 2, from: 0, results }, wes);
  assert.deepEqual([late.status, late.body.code], [409, 'lease_lost']);
  const left = await served.call('POST', `/v1/workers/${session.session}/leave`, {}, wes);
  assert.equal(left.status, 200);
  assert.equal(JSON.parse(await lines.next()).kind, 'end');
});

test('an administrator sees who is at work', async (t) => {
  const served = await serve(t, { users, anonymous: 'never' });
  const lines = await work(served.base, wes);
  const { status, body } = await served.call('GET', '/v1/workers', undefined, bearer('ops-token'));
  assert.equal(status, 200);
  const known = { id: 'worker:w1', owner: 'wes', since: 5, inWork: 1, answered: 2 };
  assert.deepEqual(body, { workers: [{ ...known, lacks: ['reports'], setAside: [] }] });
  assert.equal((await served.call('GET', '/v1/workers', undefined, wes)).status, 403);
  await lines.cancel();
});

test('a worker says what it can, and which drivers it has set aside', async (t) => {
  const served = await serve(t, { users, anonymous: 'never' });
  const lines = await work(served.base, wes);
  const [session] = served.pipeline.workers.sessions;
  const at = `/v1/workers/${session.session}/report`;
  const report = { abilities: ['reports'], setAside: [{ id: 'own', version: '1.0.0', deviceTypes: ['meter'] }] };
  assert.equal((await served.call('POST', at, report, wes)).status, 200);
  assert.deepEqual(session.reports, [report]);
  const { body } = await served.call('GET', '/v1/workers', undefined, bearer('ops-token'));
  assert.deepEqual([body.workers[0].lacks, body.workers[0].setAside], [[], report.setAside]);
  assert.equal((await served.call('POST', at, { abilities: [], setAside: [{ id: 'own' }] }, wes)).status, 400);
  assert.equal((await served.call('POST', at, report, basic('reader', 'reader-secret'))).status, 403);
  await lines.cancel();
});

test('a session ends with its connection', async (t) => {
  const served = await serve(t, { users });
  const lines = await work(served.base, wes);
  await lines.next();
  const [session] = served.pipeline.workers.sessions;
  await lines.cancel();
  assert.equal((await session.ended.promise).code, 'unavailable');
});

test('who may only read the queue, or nothing, is no worker', async (t) => {
  const served = await serve(t, { users, anonymous: 'never' });
  const reader = basic('reader', 'reader-secret');
  for (const [headers, status] of [
    [reader, 403] as const,
    [basic('ann', 'ann-secret'), 403] as const,
    [{}, 401] as const,
  ]) {
    assert.equal((await served.call('POST', '/v1/workers', hello, headers)).status, status);
  }
  assert.deepEqual(served.pipeline.workers.sessions, []);
});

test('nobody answers in the session of another', async (t) => {
  const served = await serve(t, { users, anonymous: 'never' });
  const lines = await work(served.base, wes);
  await lines.next();
  const [session] = served.pipeline.workers.sessions;
  const at = `/v1/workers/${session.session}`;
  const body = { batch: 1, from: 0, results: [{ ok: true, readings: [] }] };
  assert.equal((await served.call('POST', `${at}/results`, body, basic('reader', 'reader-secret'))).status, 403);
  assert.equal((await served.call('POST', `${at}/results`, body, bearer('ops-token'))).status, 404);
  assert.equal((await served.call('POST', `${at}/leave`, {}, bearer('ops-token'))).status, 404);
  assert.deepEqual(session.taken, []);
  await lines.cancel();
});

test('a worker whose rights are taken away gets no further line', async (t) => {
  const served = await serve(t, { users, anonymous: 'never' });
  const lines = await work(served.base, wes);
  await lines.next();
  const [session] = served.pipeline.workers.sessions;
  served.access.reconfigure({ ...testSettings, anonymous: 'never', users: [{ ...users[0], rules: [] }] });
  session.say('{"kind":"batch","batch":1}');
  session.say('{"kind":"batch","batch":2}');
  const said = [await lines.next(), await lines.next()].map((line) => JSON.parse(line));
  assert.ok(said.some(({ kind, code }) => kind === 'end' && code === 'not_authorized'));
  assert.ok(!said.some(({ batch }) => batch === 2));
  await session.ended.promise;
});

test('a server that stops says so', async (t) => {
  const served = await serve(t, { users });
  const lines = await work(served.base, wes);
  await lines.next();
  const stopped = served.server.stop();
  assert.equal(JSON.parse(await lines.next()).kind, 'end');
  await stopped;
});

test('a body that is no result, or a name that is none, is refused', async (t) => {
  const { call } = await serve(t);
  assert.equal((await call('POST', '/v1/workers', { ...hello, name: 'a b' })).status, 400);
  assert.equal((await call('POST', '/v1/workers', { name: 'w1' })).status, 400);
  const at = '/v1/workers/00000000-0000-4000-8000-000000000000/results';
  assert.equal((await call('POST', at, { batch: 1, from: 0, results: [] })).status, 400);
  assert.equal((await call('POST', at, { batch: 1, from: 0, results: ['ok'] })).status, 400);
  assert.equal((await call('POST', at, { batch: 1, from: 0, results: [{ ok: true }] })).status, 404);
});

/** Opens a session and hands out its lines. */
async function work(base: string, headers: Record<string, string>) {
  const response = await fetch(`${base}/v1/workers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(hello),
  });
  assert.equal(response.status, 200);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  return {
    async next(): Promise<string> {
      while (!text.includes('\n')) {
        const { value, done } = await reader.read();
        if (done) throw toSluiceError(`The answer ended with ${JSON.stringify(text)}`);
        text += decoder.decode(value, { stream: true });
      }
      const end = text.indexOf('\n');
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      return line;
    },
    cancel: () => reader.cancel(),
  };
}
