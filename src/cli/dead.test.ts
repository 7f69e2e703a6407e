import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgainst } from './testing/fake-server.ts';

const group = {
  fingerprint: 'f00d',
  code: 'driver_failed',
  stage: 'decode',
  driver: 'lht65',
  reason: 'Cannot read "name" of undefined',
  count: 12,
  firstAt: 0,
  lastAt: 1000,
  perHour: [...new Array(23).fill(0), 12],
  perMinute: [...new Array(55).fill(0), 0, 0, 3, 0, 9],
  growthPerMinute: 0.6,
  deviceTypes: ['dragino-lht65'],
  driverVersions: ['1.0.0', '1.0.1'],
  eventTypes: ['telemetry'],
  sampleSequence: 3,
};

test('dead list groups the dead letters by their cause, and shows how they come', async () => {
  const left = { replayed: 3, moved: 0, consumed: 0, discarded: 1, expired: 0 };
  const closed = [{ ...group, fingerprint: 'cafe', closedAt: 0, died: 4, left }];
  const body = { queue: 'ingest.dead', total: 14, withoutDeath: 2, groups: [group], closed };
  const { out, seen } = await runAgainst({ 'GET /v1/dead-letters': { body } }, ['dead', 'list']);
  assert.equal(seen[0].url, '/v1/dead-letters?queue=ingest.dead');
  assert.match(
    out,
    /^ +12 +f00d +driver_failed +decode +lht65 1\.0\.0 1\.0\.1 +dragino-lht65 +telemetry +0\.6 +·{11}█ /m,
  );
  assert.match(out, /^2 messages published here, which died of nothing\.$/m);
  assert.match(out, / cafe +driver_failed +4 +3 replayed, 1 discarded /);
});

test('who asks a queue for dead letters that it sends elsewhere is told where', async () => {
  const alive = {
    sequence: 1,
    state: 'ready',
    attempts: 0,
    enqueuedAt: 0,
    topic: 'jobs/a',
    payload: 'x',
    encoding: 'utf8',
  };
  const nothing = { queue: 'jobs', total: 1, withoutDeath: 1, groups: [], messages: [alive] };
  const answers = {
    'GET /v1/queues/jobs': { body: { name: 'jobs', options: { deadLetter: 'jobs.dead' } } },
    'GET /v1/queues/jobs.dead': { body: { name: 'jobs.dead', options: { deadLetter: null } } },
    'GET /v1/queues/new.dead': { status: 404, body: { code: 'queue_not_found', title: 'There is none' } },
    'GET /v1/queues/job.dead': { status: 404, body: { code: 'queue_not_found', title: 'There is none' } },
    'GET /v1/queues': {
      body: {
        queues: [
          { name: 'jobs', options: { deadLetter: 'jobs.dead' } },
          { name: 'new', options: { deadLetter: 'new.dead' } },
        ],
      },
    },
    'GET /v1/dead-letters': { body: nothing },
    'GET /v1/dead-letters/messages': { body: nothing },
  };
  for (const verb of ['list', 'show']) {
    const asked = await runAgainst(answers, ['dead', verb, '--queue', 'jobs']);
    assert.match(asked.out, /^What dies in "jobs" goes to "jobs\.dead": --queue jobs\.dead$/m);
    for (const queue of ['jobs.dead', 'new.dead']) {
      const there = await runAgainst(answers, ['dead', verb, '--queue', queue]);
      assert.equal(there.status, 0);
      assert.doesNotMatch(there.out, /goes to|no queue/);
    }
    const misspelt = await runAgainst(answers, ['dead', verb, '--queue', 'job.dead']);
    assert.match(misspelt.out, /^There is no queue "job\.dead"; did you mean "jobs\.dead"\?$/m);
  }
});

test('dead recount has the server count anew', async () => {
  const answers = { 'POST /v1/dead-letters/recount': { body: { queue: 'a.dead', total: 12, groups: [group] } } };
  const { out, seen } = await runAgainst(answers, ['dead', 'recount', '--queue', 'a.dead']);
  assert.deepEqual(seen[0].body, { queue: 'a.dead' });
  assert.match(out, /f00d/);
});

test('dead show prints the messages and why each died', async () => {
  const death = { code: 'driver_failed', reason: 'Cannot read it', attempts: 5 };
  const messages = [
    { sequence: 3, state: 'ready', attempts: 0, enqueuedAt: 0, topic: 'd', payload: 'x', encoding: 'utf8', death },
  ];
  const answers = { 'GET /v1/dead-letters/messages': { body: { messages } } };
  const { out, seen } = await runAgainst(answers, ['dead', 'show', '--fingerprint', 'f00d']);
  assert.equal(seen[0].url, '/v1/dead-letters/messages?queue=ingest.dead&fingerprint=f00d&from=0&limit=20');
  assert.doesNotMatch(out, /device/);
  assert.match(out, /^3: Cannot read it \(driver_failed\)$/m);
  assert.match(out, /^ *3 +ready +5 +1970/m, 'how often it was tried before it died');
});

test('dead show names device and message where the death says them', async () => {
  const headers = [
    ['device-id', 'd-1'],
    ['message-id', 'm-1'],
  ];
  const death = { code: 'driver_failed', reason: 'Cannot read it', headers };
  const messages = [
    { sequence: 3, state: 'ready', attempts: 1, enqueuedAt: 0, topic: 'd', payload: 'x', encoding: 'utf8', death },
  ];
  const { out } = await runAgainst({ 'GET /v1/dead-letters/messages': { body: { messages } } }, ['dead', 'show']);
  assert.match(out, /^sequence +state +attempts +enqueued +device +message +topic/);
  assert.match(out, / d-1 +m-1 +d +x$/m);
});

test('dead replay of what is not there fails and says so', async () => {
  const answers = { 'POST /v1/dead-letters/replay': { body: { matched: 0, moved: 0, skipped: [] } } };
  const { status, out, err } = await runAgainst(answers, ['dead', 'replay', '--fingerprint', 'zzz']);
  assert.deepEqual(
    { status, out, err },
    { status: 1, out: '', err: 'Nothing to replay: no dead letter of "ingest.dead" has fingerprint "zzz"' },
  );
  assert.equal((await runAgainst(answers, ['dead', 'replay'])).status, 0);
});

test('dead replay --dry-run tells what would become of the messages', async () => {
  const rehearsal = [
    {
      sequence: 3,
      deviceId: 'd-1',
      messageId: 'm-1',
      now: 'applied',
      driver: { id: 'lht65', version: '1.0.1' },
      readings: [{ data: { t: 1 } }],
    },
  ];
  const answers = {
    'POST /v1/dead-letters/replay': { body: { matched: 12, movable: 12, skipped: [], samples: [], rehearsal } },
  };
  const { out, seen } = await runAgainst(answers, ['dead', 'replay', '--dry-run', '--fingerprint', 'f00d']);
  assert.deepEqual(seen[0].body, { queue: 'ingest.dead', fingerprint: 'f00d', dryRun: true });
  assert.match(out, /^12 messages would be replayed\.$/m);
  assert.match(out, /d-1 +m-1 +applied +lht65 1\.0\.1 +- +\{"t":1\}$/m);
});

test('dead replay moves, and names what it left', async () => {
  const answers = {
    'POST /v1/dead-letters/replay': {
      body: { id: '3', endedAt: 1, matched: 2, moved: 1, skipped: [{ sequence: 9, reason: 'leased' }] },
    },
  };
  const { out, seen } = await runAgainst(answers, ['dead', 'replay', '--sequence', '8', '--sequence', '9']);
  assert.deepEqual(seen[0].body, { queue: 'ingest.dead', sequences: [8, 9], dryRun: false });
  assert.equal(out, 'Replayed 1 of 2 messages.\nLeft 9: leased');
});

test('dead replay says that it was cancelled, and how to go on', async () => {
  const body = { id: '3', state: 'cancelled', endedAt: 1, matched: 11, moved: 11, skipped: [] };
  const { out } = await runAgainst({ 'POST /v1/dead-letters/replay': { body } }, ['dead', 'replay']);
  assert.equal(out, 'Replayed 11 of 11 messages.\nIt was cancelled: sluice move resume 3 goes on.');
});

test('dead replay can be slow and change what it gives back', async () => {
  const status = { id: '3', state: 'running', matched: 0, moved: 0, skipped: [] };
  const answers = { 'POST /v1/dead-letters/replay': { body: status } };
  const argv = ['dead', 'replay', '--fingerprint', 'f00d', '--rate', '5', '--edit', '{"topic":"t"}'];
  const { out, seen, status: exit } = await runAgainst(answers, argv);
  assert.deepEqual(seen[0].body, {
    queue: 'ingest.dead',
    fingerprint: 'f00d',
    edit: { topic: 't' },
    rate: 5,
    dryRun: false,
  });
  assert.equal(out, 'Replayed 0 of 0 messages.\nIt goes on: sluice move show 3');
  assert.equal(exit, 0);
});

test('dead inspect and dead try look into the queue that is named', async () => {
  const message = { sequence: 3, topic: 'jobs/print', payload: 'a', encoding: 'utf8', state: 'ready', attempts: 0 };
  const inspected = await runAgainst(
    { 'GET /v1/dead-letters/messages/3': { body: { message, bytes: 1, hex: [{ offset: 0, hex: '61', text: 'a' }] } } },
    ['dead', 'inspect', '3', '--queue', 'jobs.dead'],
  );
  assert.equal(inspected.seen[0].url, '/v1/dead-letters/messages/3?queue=jobs.dead');
  assert.match(inspected.out, /^topic +jobs\/print\n1 byte:\n {2}0000 {2}61 +a$/);
  const tried = await runAgainst(
    { 'POST /v1/dead-letters/trials': { body: { tried: 0, outcomes: {}, samples: [] } } },
    ['dead', 'try', '--queue', 'jobs.dead'],
  );
  assert.equal((tried.seen[0].body as { queue: string }).queue, 'jobs.dead');
});

test('dead try says why its table is shorter than what it tried, and nothing where it is not', async () => {
  const sample = (sequence: number) => ({ now: { sequence, deviceId: 'm', now: 'applied', readings: [] } });
  const tried = async (count: number): Promise<string> => {
    const body = { tried: count, outcomes: { applied: count }, samples: [sample(1), sample(2)] };
    return (await runAgainst({ 'POST /v1/dead-letters/trials': { body } }, ['dead', 'try'])).out;
  };
  assert.match(await tried(3), /\nOf those that would become alike the table has one each\.$/);
  assert.doesNotMatch(await tried(2), /alike/);
});
