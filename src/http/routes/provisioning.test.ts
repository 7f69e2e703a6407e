import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimLimits } from '../../pipeline/provisioning/claim-attempts.ts';
import { SimulatedClock } from '../../std/clock.ts';
import { serve } from '../testing/served.ts';

test('claims with a wrong key write nothing, and are not looked at any more when they are too many', async (t) => {
  const { call } = await serve(t, { clock: new SimulatedClock() });
  const claim = () => call('POST', '/v1/claims', { key: 'guessed', deviceId: 'm-1', kind: 'password' });
  for (let n = 0; n < claimLimits.claimsRefusedPerAddressMax; n++) assert.equal((await claim()).status, 401);
  const { status, headers, body } = await claim();
  assert.deepEqual([status, headers.get('retry-after')], [429, '1']);
  assert.deepEqual([body.code, body.limit], ['rate_limited', 'claimsRefusedPerAddressMax']);
  const metrics: string = (await call('GET', '/metrics')).body;
  assert.match(metrics, /^sluice_pipeline_claims_limited_total\{limit="claimsRefusedPerAddressMax"\} 1$/m);
  assert.match(metrics, /^sluice_pipeline_claims_limited_total\{limit="claimsRefusedMax"\} 0$/m);
});
