import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { ClaimAttempts, claimLimits } from './claim-attempts.ts';

const { claimsRefusedPerAddressMax, claimsRefusedMax } = claimLimits;

function refuse(attempts: ClaimAttempts, address: string, times: number): void {
  for (let n = 0; n < times; n++) attempts.refused(address);
}

test('an address whose claims are refused too often waits, and no other one with it', () => {
  const clock = new SimulatedClock();
  const attempts = new ClaimAttempts(clock);
  refuse(attempts, '2001:db8::1', claimsRefusedPerAddressMax);
  assert.throws(() => attempts.check('2001:db8::2'), {
    code: 'rate_limited',
    detail: { limit: 'claimsRefusedPerAddressMax', retryAfterSeconds: 0.2 },
  });
  attempts.check('192.0.2.1');
  clock.advance(1_000 / claimsRefusedPerAddressMax);
  attempts.check('2001:db8::1');
  assert.deepEqual(attempts.limited, { claimsRefusedPerAddressMax: 1, claimsRefusedMax: 0 });
});

test('claims that are refused from many addresses are too many together', () => {
  const clock = new SimulatedClock();
  const attempts = new ClaimAttempts(clock);
  for (let n = 0; n < claimsRefusedMax; n++) attempts.refused(`192.0.2.${n}`);
  assert.throws(() => attempts.check('198.51.100.1'), {
    detail: { limit: 'claimsRefusedMax', retryAfterSeconds: 0.01 },
  });
  clock.advance(10);
  attempts.check('198.51.100.1');
});
