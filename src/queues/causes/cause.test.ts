import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Death } from '../../message.ts';
import { causeOf, causeReasonCharsMax, fingerprintOf, normalised } from './cause.ts';

const death = (given: Partial<Death> = {}): Death => ({
  queue: 'q',
  sequence: 1,
  code: 'driver_failed',
  reason: 'at byte 17',
  attempts: 1,
  firstFailureAt: 1,
  lastFailureAt: 2,
  headers: [],
  ...given,
});

test('a reason loses what differs from message to message', () => {
  assert.equal(normalised(`Cannot read  'x' at byte 17 of 4.5`), 'Cannot read "…" at byte 0 of 0');
  assert.equal(normalised('payload 0a1b2c3d4e is cut'), 'payload … is cut');
  assert.equal(normalised('no acceded feedback'), 'no acceded feedback');
});

test('without a fingerprint the code and the reason without its numbers make one', () => {
  assert.equal(fingerprintOf(death()), fingerprintOf(death({ reason: 'at byte 18' })));
  assert.notEqual(fingerprintOf(death()), fingerprintOf(death({ code: 'no_driver' })));
  assert.match(fingerprintOf(death()), /^[0-9a-f]{16}$/);
});

test('a fingerprint that is longer than a group keeps is made shorter, and stays one of its own', () => {
  const long = (end: string) => fingerprintOf(death({ headers: [['fingerprint', 'f'.repeat(5_000) + end]] }));
  assert.equal(long('a').length, 16);
  assert.notEqual(long('a'), long('b'));
});

test('what a group keeps of a hostile death is bounded', () => {
  const huge = 'x'.repeat(100_000);
  const cause = causeOf(
    death({
      code: huge,
      reason: huge,
      headers: [
        ['stage', huge],
        ['driver', huge],
        ['event-type', huge],
      ],
    }),
  );
  assert.ok(JSON.stringify(cause).length < causeReasonCharsMax + 1_000);
});
