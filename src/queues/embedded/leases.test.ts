import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import type { LeasedMessage } from '../engine.ts';
import { messageOf, publish } from '../testing/recording-consumer.ts';
import { extensionsPerSecondMax } from './slot.ts';
import { TestEngine } from './testing/test-engine.ts';

let under: TestEngine;
beforeEach(async () => {
  under = await new TestEngine({ storage: new StorageDouble() }).open();
  await under.engine.declare('a', { bindings: [{ filter: 'a' }], leaseMs: 60_000 });
  await publish(under.engine.route('a'), messageOf('1', { topic: 'a' }));
});
afterEach(() => under.close());

test('a consumer extends as many leases in a second as it may, others are not held up, and a second later it may again', async () => {
  const [{ token }] = await under.engine.lease('a', { consumerId: 'c', max: 1, waitMs: 0 });
  await publish(under.engine.route('a'), messageOf('2', { topic: 'a' }));
  const [other] = await under.engine.lease('a', { consumerId: 'o', max: 1, waitMs: 0 });
  const tokens = Array.from({ length: extensionsPerSecondMax + 1 }, () => token);
  const results = await under.engine.extend('a', tokens, 90_000);
  assert.ok(results.slice(0, -1).every(({ ok }) => ok));
  assert.deepEqual(results.at(-1), { token, ok: false, code: 'rate_limited' });
  assert.deepEqual(await under.engine.extend('a', [other.token], 90_000), [{ token: other.token, ok: true }]);
  under.clock.advance(1_000);
  assert.deepEqual(await under.engine.extend('a', [token], 90_000), [{ token, ok: true }]);
});

test('what was extended by different lengths ends in the order of its deadlines', async () => {
  const leased: LeasedMessage[] = [];
  for (let n = 0; n < 40; n++) {
    await publish(under.engine.route('a'), messageOf(`${n}`, { topic: 'a' }));
    leased.push(...(await under.engine.lease('a', { consumerId: 'c', max: 1, waitMs: 0 })));
  }
  const secondsOf = (n: number): number => 1 + ((n * 17) % 40);
  for (const [n, { token }] of leased.entries()) await under.engine.extend('a', [token], 1_000 * secondsOf(n));
  for (let second = 1; second <= 40; second++) {
    under.clock.advance(1_000);
    assert.equal((await under.engine.stats('a')).leased, 40 - second);
  }
});
