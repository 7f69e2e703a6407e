import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgainst } from './testing/fake-server.ts';

const row = {
  id: 1,
  messageId: 'm/1',
  eventType: 'status',
  time: 0,
  receivedAt: 0,
  processedAt: 1_000,
  driver: 'json',
  driverVersion: '1.0.0',
  outcome: 'applied',
  data: { v: 1 },
};
const processed = {
  deviceId: 'd-1',
  messageId: 'm/1',
  status: 'processed',
  processed: { at: 1_000, readings: 1 },
  rows: [row],
};
const dead = {
  deviceId: 'd-2',
  messageId: 'm/1',
  status: 'dead',
  dead: {
    sequence: 1_234,
    state: 'ready',
    attempts: 3,
    code: 'driver_failed',
    reason: 'No bytes',
    lastFailureAt: 2_000,
  },
  rows: [],
};
const waiting = {
  deviceId: 'd-3',
  messageId: 'm/1',
  status: 'waiting',
  waiting: {
    sequence: 5_678,
    state: 'scheduled',
    attempts: 2,
    enqueuedAt: 0,
    availableAt: 3_000,
    lastError: 'driver_timeout',
  },
  rows: [],
};

test('device story tells of one message what it said', async () => {
  const answers = { 'GET /v1/devices/d-1/messages/m%2F1': { body: processed } };
  const { out, seen } = await runAgainst(answers, ['device', 'story', 'm/1', '--device', 'd-1']);
  assert.equal(seen[0].url, '/v1/devices/d-1/messages/m%2F1');
  assert.match(out, /^device +d-1\nmessage +m\/1\nstatus +processed\nprocessed +1970-01-01T00:00:01.000Z, 1 reading\n/);
  assert.match(out, /^1970-01-01T00:00:00.000Z +status +applied +json 1.0.0 +m\/1 +{"v":1}$/m);
});

test('device story tells of every device with this id why it died, or what it waits for', async () => {
  const stories = (complete: boolean) => ({
    'GET /v1/messages/m%2F1': { body: { stories: [dead, waiting], complete } },
  });
  const { out } = await runAgainst(stories(true), ['device', 'story', 'm/1']);
  const [first, second, ...none] = out.split('\n\n');
  assert.deepEqual(none, []);
  assert.match(first, /^died +1970-01-01T00:00:02.000Z of driver_failed: No bytes$/m);
  assert.match(first, /^dead letter +1234: sluice dead inspect 1234$/m);
  assert.match(second, /^waits +scheduled since 1970-01-01T00:00:00.000Z, as 5678 of ingest$/m);
  assert.match(second, /^attempts +2\nnext try +1970-01-01T00:00:03.000Z\nlast error +driver_timeout$/m);
  assert.match(
    (await runAgainst(stories(false), ['device', 'story', 'm/1'])).out,
    /\nNot all that waits was looked at/,
  );
});

test('device story prints what the server answered, and fails where nothing has the id', async () => {
  const { out } = await runAgainst({ 'GET /v1/devices/d-1/messages/m': { body: processed } }, [
    'device',
    'story',
    'm',
    '--device',
    'd-1',
    '--json',
  ]);
  assert.deepEqual(JSON.parse(out), processed);
  const problem = {
    status: 404,
    body: { title: 'Not found', detail: 'Check the id of message "m"', code: 'not_found' },
  };
  const missed = await runAgainst({ 'GET /v1/messages/m': problem }, ['device', 'story', 'm']);
  assert.equal(missed.status, 1);
  assert.match(missed.err, /Check the id of message "m" \(not_found\)/);
});
