import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueNumberRows } from '../../queues/queue-number-table.ts';
import { serve } from '../testing/served.ts';
import { serveDisk } from '../testing/served-disk.ts';

/** Where a number has no metric of its own, what says it. */
const saidBy: Readonly<Record<string, RegExp>> = {
  perSecond: /^# TYPE sluice_queue_enqueued_total counter$/m,
  commitUs: /^# TYPE sluice_commit_seconds histogram$/m,
};

test('every number of a queue is in the API, among the metrics and in the OpenAPI document', async (t) => {
  const { call } = await serveDisk(t);
  await call('POST', '/v1/queues/jobs/messages', { messages: [{ payload: 'a' }] });
  const { body: leased } = await call('POST', '/v1/queues/jobs/lease', { waitSeconds: 5 });
  await call('POST', '/v1/queues/jobs/ack', { tokens: [leased.messages[0].token] });
  const { body: numbers } = await call('GET', '/v1/queues/jobs/stats');
  const { body: page } = await call('GET', '/metrics');
  const { body: api } = await call('GET', '/v1/openapi.json');
  const { schema } = api.paths['/v1/queues/{name}/stats'].get.responses['200'].content['application/json'];
  assert.deepEqual(Object.keys(numbers).sort(), Object.keys(queueNumberRows).sort());
  for (const [name, { help, metrics }] of Object.entries(queueNumberRows)) {
    assert.equal(schema.properties[name].description, help);
    if (metrics.length === 0) assert.match(page, saidBy[name]);
    for (const { name: metric, type } of metrics) {
      assert.ok(page.includes(`# TYPE sluice_queue_${metric} ${type}\n`), metric);
    }
  }
  assert.match(page, /^sluice_queue_processing_seconds_count\{queue="jobs"\} 1$/m);
  assert.match(page, /^sluice_queue_time_in_queue_seconds_bucket\{queue="jobs",le="\+Inf"\} 1$/m);
  assert.deepEqual([numbers.processingMs.count, numbers.timeInQueueMs.count], [1, 1]);
});

test('others have their turn while a thousand queues are shown', async (t) => {
  const { engine, call, watch } = await serve(t);
  for (let i = 0; i < 1_001; i++) await engine.declare(`queue-${i}`, {});
  let turns = 0;
  let shown = false;
  const count = (): void => {
    turns++;
    if (!shown) setImmediate(count);
  };
  setImmediate(count);
  await watch.first(1_000);
  assert.ok(turns >= 19, `${turns} turns`);
  const { body } = await call('GET', '/metrics');
  shown = true;
  assert.match(body, /^sluice_queue_ready_messages\{queue="queue-999"\} 0$/m);
  assert.match(body, /^sluice_metrics_queues_omitted 1$/m);
});
