import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { deadLetterGroups, normalised } from './dead-letters.ts';
import { TestEngine } from './embedded/testing/test-engine.ts';
import { messageOf, publish } from './testing/recording-consumer.ts';

let under: TestEngine;
beforeEach(async () => {
  under = await new TestEngine().open();
  await under.engine.declare('ingest', {});
});
afterEach(() => under.close());

const bury = (code: string, reason: string, headers: [string, string][] = []): Promise<void> =>
  under.engine.bury('ingest', messageOf('x'), { code, reason, headers });

test('dead letters of one fingerprint are one group, the largest first', async () => {
  const common: [string, string][] = [
    ['fingerprint', 'f1'],
    ['stage', 'decode'],
    ['driver', 'oyster@1.0.0'],
  ];
  const firstAt = under.clock.now();
  await bury('driver_failed', 'first', [...common, ['device-type', 'oyster']]);
  await bury('schema_violation', 'other', [['fingerprint', 'f2']]);
  under.clock.advance(1_000);
  await bury('driver_failed', 'second', [...common, ['device-type', 'oyster-3']]);
  const { groups, total, truncated } = await deadLetterGroups(under.engine, 'ingest.dead', 10, under.clock.now());
  assert.equal(total, 3);
  assert.equal(truncated, false);
  const { sampleSequence, ...first } = groups[0];
  assert.deepEqual(first, {
    fingerprint: 'f1',
    code: 'driver_failed',
    stage: 'decode',
    driver: 'oyster@1.0.0',
    reason: 'second',
    count: 2,
    firstAt,
    lastAt: firstAt + 1_000,
    perHour: [...new Array(23).fill(0), 2],
    deviceTypes: ['oyster', 'oyster-3'],
  });
  const [sample] = (await under.engine.browse('ingest.dead', { from: sampleSequence, limit: 1 })).messages;
  assert.equal(sample.death?.reason, 'second');
  assert.equal(groups[1].fingerprint, 'f2');
});

test('without a fingerprint the code and the reason without its numbers make the group', async () => {
  await bury('lease_expired', 'after 30000 ms by "a"');
  await bury('lease_expired', 'after 20000 ms by "b"');
  await bury('expired', 'after 20000 ms by "b"');
  const { groups } = await deadLetterGroups(under.engine, 'ingest.dead', 10, under.clock.now());
  assert.deepEqual(
    groups.map(({ code, count }) => [code, count]),
    [
      ['lease_expired', 2],
      ['expired', 1],
    ],
  );
});

test('what was left out is said', async () => {
  await bury('a', '');
  await bury('b', '');
  const { groups, truncated } = await deadLetterGroups(under.engine, 'ingest.dead', 1, under.clock.now());
  assert.equal(groups.length, 1);
  assert.equal(truncated, true);
});

test('messages that were published to the dead-letter queue are a group too', async () => {
  await bury('a', '');
  await publish(under.engine.destination('ingest.dead'), messageOf('stray'));
  const { groups } = await deadLetterGroups(under.engine, 'ingest.dead', 10, under.clock.now());
  assert.deepEqual(groups.map(({ code }) => code).sort(), ['a', 'none']);
});

test('a queue that does not exist is not found', async () => {
  await assert.rejects(deadLetterGroups(under.engine, 'nope', 1, 0), { code: 'queue_not_found' });
});

test('a reason loses what differs from message to message', () => {
  assert.equal(normalised(`Cannot read  'x' at byte 17 of 4.5`), 'Cannot read "…" at byte 0 of 0');
  assert.equal(normalised('payload 0a1b2c3d4e is cut'), 'payload … is cut');
  assert.equal(normalised('no acceded feedback'), 'no acceded feedback');
});
