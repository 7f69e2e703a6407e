import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestEngine } from './embedded/testing/test-engine.ts';
import { queueLevels } from './queue-levels.ts';
import { messageOf } from './testing/recording-consumer.ts';

test('every queue has its levels under its name, dead letters under that of their own queue', async (t) => {
  const under = await new TestEngine().open();
  t.after(() => under.close());
  await under.engine.declare('orders', {});
  await under.engine.bury('orders', messageOf('x'), { code: 'invalid_argument', reason: 'a test', headers: [] });
  const levels = new Map(await queueLevels(under.engine));
  assert.equal(levels.get('$SYS/queues/orders/ready'), '0');
  assert.equal(levels.get('$SYS/queues/orders/dead-lettered'), '1');
  assert.equal(levels.get('$SYS/queues/orders.dead/ready'), '1');
  assert.equal(levels.size, 12);
});
