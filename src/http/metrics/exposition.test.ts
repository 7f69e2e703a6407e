import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from '../../std/histogram.ts';
import { expose } from './exposition.ts';
import type { Snapshot } from './snapshot.ts';

const nothing = {} as Snapshot;

test('a counter is its help, its type and a line a sample, with what a label may hold escaped', () => {
  const read = () => [
    { labels: { queue: 'a"b\\c\nd', reason: 'x' }, value: 3 },
    { labels: { queue: 'e', reason: 'y' }, value: 0.5 },
  ];
  const text = expose(
    { name: 'sluice_x_total', type: 'counter', help: 'One\\two\nthree', labels: ['queue', 'reason'], read },
    nothing,
  );
  assert.deepEqual(text.split('\n'), [
    '# HELP sluice_x_total One\\\\two\\nthree',
    '# TYPE sluice_x_total counter',
    'sluice_x_total{queue="a\\"b\\\\c\\nd",reason="x"} 3',
    'sluice_x_total{queue="e",reason="y"} 0.5',
    '',
  ]);
});

test('a distribution is cumulative up to each bound, in seconds, and one without values has no lines', () => {
  const histogram = new Histogram();
  for (const ms of [1, 4, 5, 1_000]) histogram.record(ms);
  const facts = { name: 'sluice_t_seconds', type: 'histogram', help: 'T', perSecond: 1_000 } as const;
  const read = () => [
    { labels: { queue: 'a' }, value: histogram.read() },
    { labels: { queue: 'idle' }, value: new Histogram().read() },
  ];
  const lines = expose({ ...facts, labels: ['queue'], read }, nothing).split('\n');
  assert.deepEqual(lines.slice(2, 8), [
    'sluice_t_seconds_bucket{queue="a",le="0.001"} 1',
    'sluice_t_seconds_bucket{queue="a",le="0.004"} 2',
    'sluice_t_seconds_bucket{queue="a",le="0.016"} 3',
    'sluice_t_seconds_bucket{queue="a",le="0.064"} 3',
    'sluice_t_seconds_bucket{queue="a",le="0.256"} 3',
    'sluice_t_seconds_bucket{queue="a",le="1.024"} 4',
  ]);
  assert.deepEqual(lines.slice(-4), [
    'sluice_t_seconds_bucket{queue="a",le="+Inf"} 4',
    'sluice_t_seconds_sum{queue="a"} 1.01',
    'sluice_t_seconds_count{queue="a"} 4',
    '',
  ]);
  const bare = expose({ ...facts, labels: [], read: () => [{ labels: {}, value: histogram.read() }] }, nothing);
  assert.match(bare, /^sluice_t_seconds_bucket\{le="0\.001"\} 1$/m);
  assert.match(bare, /^sluice_t_seconds_count 4$/m);
});
