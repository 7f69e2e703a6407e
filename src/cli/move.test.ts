import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgainst } from './testing/fake-server.ts';

const status = {
  id: '7',
  spec: { from: 'orders', to: 'parked' },
  state: 'waiting',
  startedAt: 0,
  scanned: 1_200,
  total: 5_000,
  matched: 900,
  moved: 899,
  skipped: [{ sequence: 3, reason: 'A consumer holds the message' }],
  reason: 'Queue "parked" is full',
};

test('move start begins a move with what it is told', async () => {
  const argv = [
    'move',
    'start',
    'orders',
    '--to',
    'parked',
    '--filter',
    '{"topic":"a/+"}',
    '--rate',
    '10',
    '--wait',
    '5',
  ];
  const { out, seen } = await runAgainst({ 'POST /v1/moves': { status: 202, body: status } }, argv);
  assert.deepEqual(seen[0].body, {
    from: 'orders',
    to: 'parked',
    copy: false,
    filter: { topic: 'a/+' },
    rate: 10,
    dryRun: false,
    waitSeconds: 5,
  });
  assert.match(out, /^state +waiting$/m);
  assert.match(out, /^scanned +1,200 of 5,000$/m);
  assert.match(out, /^Left 3: A consumer holds the message$/m);
});

test('move start --dry-run shows what would arrive', async () => {
  const samples = [{ sequence: 3, to: 'parked', topic: 'a', payload: 'x', encoding: 'utf8' }];
  const answers = { 'POST /v1/moves': { body: { matched: 12, movable: 11, skipped: [], samples } } };
  const { out } = await runAgainst(answers, ['move', 'start', 'orders', '--to', 'parked', '--dry-run']);
  assert.match(out, /^11 messages would be moved\.$/m);
  assert.match(out, /^3 +parked +a +x$/m);
});

test('move start --copy says from where to where, and how many were copied', async () => {
  const spec = { from: 'readings', to: 'again', copy: true, start: '3' };
  const done = { ...status, spec, state: 'done', moved: 0, copied: 40, reason: undefined };
  const argv = ['move', 'start', 'readings', '--to', 'again', '--copy', '--start', '3', '--end', 'latest'];
  const { out, seen } = await runAgainst({ 'POST /v1/moves': { status: 202, body: done } }, argv);
  const { copy, start, end } = seen[0].body as Record<string, unknown>;
  assert.deepEqual({ copy, start, end }, { copy: true, start: '3', end: 'latest' });
  assert.match(out, /^copied +40$/m);
  assert.doesNotMatch(out, /^moved/m);
});

test('move list and move show say how far moves have come', async () => {
  const answers = {
    'GET /v1/moves': { body: { moves: [status, { ...status, id: '6', spec: { from: 'a.dead' }, state: 'done' }] } },
    'GET /v1/moves/7': { body: status },
  };
  const { out } = await runAgainst(answers, ['move', 'list']);
  assert.match(out, /^7 +orders +parked +waiting +1,200 +5,000 +900 +899 /m);
  assert.match(out, /^6 +a\.dead +where each came from +done /m);
  const shown = await runAgainst(answers, ['move', 'show', '7', '--wait', '3']);
  assert.equal(shown.seen[0].url, '/v1/moves/7?waitSeconds=3');
  assert.match(shown.out, /^reason +Queue "parked" is full$/m);
});

test('move resume goes on with it', async () => {
  const answers = { 'POST /v1/moves/7/resume': { body: { ...status, state: 'running' } } };
  const { out } = await runAgainst(answers, ['move', 'resume', '7']);
  assert.match(out, /^state +running$/m);
});

test('move cancel ends it', async () => {
  const answers = { 'DELETE /v1/moves/7': { body: { ...status, state: 'cancelled' } } };
  const { out } = await runAgainst(answers, ['move', 'cancel', '7']);
  assert.match(out, /^state +cancelled$/m);
  assert.doesNotMatch(out, /nothing to cancel/);
});

test('move cancel says so where the move had ended by itself', async () => {
  const answers = { 'DELETE /v1/moves/7': { body: { ...status, state: 'done' } } };
  const { out } = await runAgainst(answers, ['move', 'cancel', '7']);
  assert.match(out, /^There was nothing to cancel: the move had ended\.$/m);
});
