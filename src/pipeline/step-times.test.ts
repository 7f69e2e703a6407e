import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestBench } from './testing/test-bench.ts';

test('each step of a batch is timed, what a message does not come to is not, nor is what is only tried', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('a', { name: 'meter' });
  const counts = (): Record<string, number> =>
    Object.fromEntries(Object.entries(bench.pipeline.numbers().steps).map(([step, { count }]) => [step, count]));
  await bench.publish(bench.message('a', { v: 1 }));
  const once = {
    identify: 1,
    'pick driver': 1,
    'pick schema': 1,
    'decode and validate': 1,
    'time policy': 1,
    store: 1,
  };
  assert.deepEqual(counts(), once);
  await bench.publish(bench.message('a', 'no JSON'));
  const twice = { ...once, identify: 2, 'pick driver': 2, 'pick schema': 2, 'decode and validate': 2 };
  assert.deepEqual(counts(), twice);
  await bench.pipeline.rehearsals.run([{ sequence: 1, message: bench.message('a', { v: 2 }) }], undefined);
  assert.deepEqual(counts(), twice);
});
