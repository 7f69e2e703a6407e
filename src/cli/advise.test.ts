import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgainst } from './testing/fake-server.ts';

const advice = {
  deviceType: 'meter',
  eventType: 'telemetry',
  mode: 'inline',
  advised: 'auto',
  because: 'it comes in bursts',
  change: 'Answers would come later',
  perSecond: 12.34,
  peakPerSecond: 900,
  inlineMsP99: 12,
};

test('advice is shown with its figures, and what it would change where it is another mode', async () => {
  const answers = {
    'GET /v1/advice': { body: { backlog: 0, advice: [advice, { ...advice, eventType: 'alarm', advised: 'inline' }] } },
  };
  const { out } = await runAgainst(answers, ['advise']);
  const lines = out.split('\n');
  assert.match(lines[1], /^meter +telemetry +12\.3 +900 +12 +- +inline +auto +it comes in bursts/);
  assert.equal(lines[3], 'meter telemetry: with mode auto, answers would come later.');
  assert.equal(lines[4] ?? '', '');
});

test('where nothing was processed and messages wait, it says what to do about it', async () => {
  const { out } = await runAgainst({ 'GET /v1/advice': { body: { backlog: 12, advice: [] } } }, ['advise']);
  assert.match(
    out,
    /^Nothing was processed since the start, and the queue ingest has 12 messages: set pipeline\.consume/,
  );
});

test('a server of before, which does not say what waits, is no reason for a wrong figure', async () => {
  const none = await runAgainst({ 'GET /v1/advice': { body: { advice: [] } } }, ['advise']);
  assert.deepEqual([none.status, none.out], [0, 'No device has sent anything since the start.']);
  const some = await runAgainst({ 'GET /v1/advice': { body: { advice: [advice] } } }, ['advise']);
  assert.match(some.out, /^meter +telemetry/m);
});
