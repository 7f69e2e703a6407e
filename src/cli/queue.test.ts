import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgainst } from './testing/fake-server.ts';

const stats = {
  ready: 1200,
  leased: 3,
  scheduled: 0,
  consumers: 2,
  oldestReadyAgeMs: 45,
  perSecond: { enqueued: 12.34, acknowledged: 7, dropped: { purged: 0 } },
  desiredConsumers: 5,
  deadLetters: 1,
  groups: [],
  alerts: ['depth', 'stalled'],
};
const jobs = { name: 'jobs', createdAt: 0, options: { bindings: [{ filter: 'jobs/#' }], leaseMs: 30_000 }, stats };

test('queue list prints a table with the numbers of each queue', async () => {
  const { out } = await runAgainst({ 'GET /v1/queues': { body: { queues: [jobs] } } }, ['queue', 'list']);
  assert.equal(
    out,
    [
      'queue  ready  leased  scheduled  in/s  done/s  consumers  needed  oldest ready (ms)  dead letters  paused  alerts         bound to',
      'jobs   1,200       3          0  12.3       7          2       5                 45             1       -  depth stalled  jobs/#',
    ].join('\n'),
  );
});

test('queue list says of a log what its groups have before them, and of unread dead letters that they need nobody', async () => {
  const groups = [
    { name: 'a', lagMessages: 3, lagMs: 40 },
    { name: 'b', lagMessages: 7, lagMs: 20 },
  ];
  const log = { bindings: [], kind: 'log', deadLetter: 'jobs.dead' };
  const queues = [
    { ...jobs, name: 'read', options: log, stats: { ...stats, groups } },
    { ...jobs, name: 'unread', options: log, stats: { ...stats, desiredConsumers: 0, consumers: 0 } },
    { ...jobs, name: 'jobs.dead', options: { bindings: [], deadLetter: null }, stats: { ...stats, consumers: 0 } },
  ];
  const { out } = await runAgainst({ 'GET /v1/queues': { body: { queues } } }, ['queue', 'list']);
  const [titles, ...rows] = out.split('\n');
  const cell = (row: string, title: string) =>
    row
      .slice(0, titles.indexOf(title) + title.length)
      .split(' ')
      .at(-1);
  assert.deepEqual(
    rows.map((row) => [cell(row, 'ready'), cell(row, 'oldest ready (ms)'), cell(row, 'needed')]),
    [
      ['7', '40', '5'],
      ['-', '-', '0'],
      ['1,200', '45', '-'],
    ],
  );
});

test('--json prints what the server answered', async () => {
  const { out } = await runAgainst({ 'GET /v1/queues': { body: { queues: [jobs] } } }, ['queue', 'list', '--json']);
  assert.deepEqual(JSON.parse(out), { queues: [jobs] });
});

test('queue show names every option and number, and the name is escaped in the path', async () => {
  const { out, seen } = await runAgainst({ 'GET /v1/queues/a%2Fb': { body: jobs } }, ['queue', 'show', 'a/b']);
  assert.equal(seen[0].url, '/v1/queues/a%2Fb');
  assert.match(out, /^leaseMs +30,000$/m);
  assert.match(out, /^ready +1,200$/m);
  assert.match(out, /^created +1970-01-01T00:00:00\.000Z$/m);
});

test('queue show keeps options and numbers of one name apart', async () => {
  const body = { ...jobs, options: { alerts: { depth: 5 } }, stats: { alerts: ['depth'] } };
  const { out } = await runAgainst({ 'GET /v1/queues/jobs': { body } }, ['queue', 'show', 'jobs']);
  const [options, numbers] = out.split('\n\n');
  assert.match(options, /^alerts +\{"depth":5\}$/m);
  assert.match(numbers, /^alerts +\["depth"\]$/m);
});

const absent = { 'GET /v1/queues/jobs': { status: 404, body: { code: 'queue_not_found' } } };

test('queue create sends bindings and options', async () => {
  const argv = ['queue', 'create', 'jobs', '--bind', 'a/#', '--bind', 'b/+', '--options', '{"maxDeliveries":3}'];
  const { out, seen } = await runAgainst({ ...absent, 'POST /v1/queues': { status: 201, body: jobs } }, argv);
  assert.deepEqual(seen[1].body, {
    name: 'jobs',
    options: { maxDeliveries: 3, bindings: [{ filter: 'a/#' }, { filter: 'b/+' }] },
  });
  assert.equal(out, 'Made queue jobs.');
});

test('queue create on a queue that is as asked for says that it is there', async () => {
  const answers = { 'GET /v1/queues/jobs': { body: jobs }, 'POST /v1/queues': { body: jobs } };
  const { status, out } = await runAgainst(answers, ['queue', 'create', 'jobs']);
  assert.deepEqual([status, out], [0, 'Queue jobs is there already, with these options.']);
});

test('queue create refuses options that are not JSON before it asks the server', async () => {
  const { status, err, seen } = await runAgainst({}, ['queue', 'create', 'jobs', '--options', '{maxDeliveries:3}']);
  assert.equal(status, 2);
  assert.match(err, /^Cannot set --options to "\{maxDeliveries:3\}": expected a JSON object of queue options/);
  assert.equal(seen.length, 0);
});

test('queue create on a queue with other options names the command that changes it', async () => {
  const detail = 'Change queue "jobs" with PATCH: it is there already, with maxDeliveries 5';
  const answers = {
    'GET /v1/queues/jobs': { body: jobs },
    'POST /v1/queues': { status: 409, body: { detail, code: 'conflict' } },
  };
  const { status, err } = await runAgainst(answers, ['queue', 'create', 'jobs', '--options', '{"maxDeliveries":3}']);
  assert.equal(status, 1);
  assert.equal(
    err,
    'Change queue "jobs" with `sluice queue set`: it is there already, with maxDeliveries 5 (conflict)',
  );
});

test('queue set sends what it changes and nothing else', async () => {
  const answers = { 'PATCH /v1/queues/jobs': { body: jobs } };
  const { out, seen } = await runAgainst(answers, ['queue', 'set', 'jobs', '--options', '{"maxDeliveries":3}']);
  assert.deepEqual(seen[0].body, { options: { maxDeliveries: 3 } });
  assert.equal(out, 'Changed queue jobs.');
  const bound = await runAgainst(answers, ['queue', 'set', 'jobs', '--bind', 'a/#']);
  assert.deepEqual(bound.seen[0].body, { options: { bindings: [{ filter: 'a/#' }] } });
  assert.equal((await runAgainst(answers, ['queue', 'set', 'jobs'])).status, 2);
});

test('queue delete, purge, pause and resume say what was done', async () => {
  const answers = {
    'DELETE /v1/queues/jobs': { status: 204 },
    'POST /v1/queues/jobs/purge': { body: { purged: 7 } },
    'POST /v1/queues/jobs/pause': { body: jobs },
    'POST /v1/queues/jobs/resume': { body: jobs },
  };
  assert.equal((await runAgainst(answers, ['queue', 'delete', 'jobs'])).out, 'Deleted queue jobs.');
  assert.equal((await runAgainst(answers, ['queue', 'purge', 'jobs'])).out, 'Removed 7 messages from jobs.');
  assert.equal((await runAgainst(answers, ['queue', 'pause', 'jobs'])).out, 'Paused queue jobs.');
  assert.equal((await runAgainst(answers, ['queue', 'resume', 'jobs'])).out, 'Resumed queue jobs.');
});

test('one message is one message', async () => {
  const answers = { 'POST /v1/queues/jobs/purge': { body: { purged: 1 } } };
  assert.equal((await runAgainst(answers, ['queue', 'purge', 'jobs'])).out, 'Removed 1 message from jobs.');
});

test('queue browse shows payloads without letting them steer the terminal, and where to go on', async () => {
  const message = { sequence: 5, state: 'ready', attempts: 0, enqueuedAt: 0, topic: 'a/b' };
  const messages = [
    { ...message, payload: 'red\u001b[31m', encoding: 'utf8' },
    { ...message, sequence: 6, payload: Buffer.from([1, 0xff]).toString('base64'), encoding: 'base64' },
  ];
  const answers = { 'GET /v1/queues/jobs/messages': { body: { messages, next: 7 } } };
  const { out, seen } = await runAgainst(answers, ['queue', 'browse', 'jobs', '--limit', '2']);
  assert.equal(seen[0].url, '/v1/queues/jobs/messages?from=0&limit=2');
  assert.match(out, /a\/b +red\\x1b\[31m$/m);
  assert.match(out, /a\/b +01ff$/m);
  assert.match(out, /^More: --from 7$/m);
});

test('queue stats prints one number a line', async () => {
  const { out } = await runAgainst({ 'GET /v1/queues/jobs/stats': { body: stats } }, ['queue', 'stats', 'jobs']);
  assert.match(out, /^ready +1,200$/m);
  assert.match(out, /^perSecond\.enqueued +12\.34$/m);
  assert.match(out, /^perSecond\.dropped\.purged +0$/m);
  assert.match(out, /^alerts +\["depth","stalled"\]$/m);
});
