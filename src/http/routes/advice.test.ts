import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../testing/served.ts';

test('advice is answered as the pipeline gives it', async (t) => {
  const { call, pipeline } = await serve(t);
  const advice = {
    deviceType: 'meter',
    eventType: 'telemetry',
    mode: 'queued',
    advised: 'inline',
    because: 'inline answers keep up',
    change: 'The answer would say more',
    perSecond: 1.5,
    peakPerSecond: 2,
    inlineMsP99: undefined,
    queuedMsP99: 7,
  } as const;
  pipeline.advice.push(advice);
  const { inlineMsP99: _, ...shown } = advice;
  assert.deepEqual((await call('GET', '/v1/advice')).body, { advice: [shown], omitted: 0, backlog: 0 });
});
