import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../testing/served.ts';

test('healthz answers while readyz waits for the server to be ready', async (t) => {
  const { call, state } = await serve(t);
  assert.deepEqual((await call('GET', '/readyz')).body, { status: 'ready' });
  state.ready = false;
  const { status, headers, body } = await call('GET', '/readyz');
  assert.equal(status, 503);
  assert.equal(body.code, 'unavailable');
  assert.equal(headers.get('retry-after'), '1');
  assert.equal((await call('GET', '/healthz')).status, 200);
});

test('metrics show queues, outcomes, the broker and the process', async (t) => {
  const { call, engine } = await serve(t);
  await engine.declare('jobs', {});
  await call('POST', '/v1/queues/jobs/messages', { messages: [{ payload: 'a' }, { payload: 'b' }] });
  const { status, headers, body } = await call('GET', '/metrics');
  assert.equal(status, 200);
  assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  for (const line of [
    'sluice_queue_ready_messages{queue="jobs"} 2',
    'sluice_queue_oldest_ready_age_seconds{queue="jobs"} 1.5',
    'sluice_queue_enqueued_total{queue="jobs"} 2',
    'sluice_pipeline_messages_total{outcome="applied"} 3',
    'sluice_pipeline_messages_total{outcome="stale"} 1',
    'sluice_pipeline_in_work_messages{lane="inline"} 5',
    'sluice_pipeline_in_work_messages{lane="queued"} 7',
    'sluice_pipeline_devices_cached 11',
    'sluice_pipeline_warned_messages_total 23',
    'sluice_pipeline_events_failed_total 2',
    'sluice_pipeline_rate_limited_total{answer="delayed"} 17',
    'sluice_pipeline_auto_changes_total 19',
    'sluice_driver_messages_total{device_type="meter",driver="own",driver_version="1.0.0",outcome="applied"} 43',
    'sluice_driver_dead_lettered_total{device_type="meter",driver="own",driver_version="1.0.0"} 47',
    'sluice_driver_decode_seconds_sum{device_type="meter",driver="own",driver_version="1.0.0"} 0.0005',
    'sluice_driver_canary_messages_total{driver="own",driver_version="2.0.0",by="canary",result="decoded"} 97',
    'sluice_driver_canary_messages_total{driver="own",driver_version="2.0.0",by="in_use",result="failed"} 5',
    'sluice_driver_shadow_messages_total{driver="own",driver_version="2.0.0",result="mended"} 54',
    'sluice_driver_set_aside_device_types{driver="own",driver_version="1.0.0"} 2',
    'sluice_store_state_keys_left_out_total 29',
    'sluice_rollup_reached_rows{interval_seconds="60"} 31',
    'sluice_rollup_behind_rows{interval_seconds="60"} 37',
    'sluice_rollup_behind_seconds{interval_seconds="60"} 41',
    'sluice_broker_connections 2',
    'sluice_broker_dropped_total{reason="expired"} 4',
    '# TYPE sluice_broker_dropped_total counter',
    'sluice_event_loop_delay_seconds{quantile="0.99"} 0.02',
    'sluice_event_loop_delay_seconds{quantile="1"} 0.3',
    'sluice_event_loop_utilization_ratio 0.25',
    'sluice_http_requests_total{method="POST",route="/v1/queues/:name/messages",status="200"} 1',
    '# TYPE sluice_queue_enqueued_total counter',
  ]) {
    assert.ok(body.split('\n').includes(line), `${line}\n${body}`);
  }
  assert.match(body, /^# TYPE nodejs_gc_duration_seconds histogram$/m);
  assert.match(body, /^process_resident_memory_bytes /m);
});

test('a second scrape counts the same totals, not twice of them', async (t) => {
  const { call } = await serve(t);
  await call('GET', '/metrics');
  const { body } = await call('GET', '/metrics');
  assert.match(body, /^sluice_pipeline_messages_total\{outcome="applied"\} 3$/m);
});

test('a route that is not there is a problem that says where to look', async (t) => {
  const { call } = await serve(t);
  const { status, headers, body } = await call('GET', '/v1/nothing');
  assert.equal(status, 404);
  assert.equal(headers.get('content-type'), 'application/problem+json');
  assert.equal(body.code, 'not_found');
  assert.match(body.detail, /openapi\.json/);
  assert.equal((await call('GET', '/v1/queues/%E0%A4%A')).status, 400);
});
