import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../std/clock.ts';
import { emptyReading } from '../std/histogram.ts';
import { silentLog } from '../std/log.ts';
import { TestEngine } from './embedded/testing/test-engine.ts';
import type { Engine } from './engine.ts';
import { queueLevelRows, queueLevels } from './queue-levels.ts';
import { QueueWatch } from './queue-watch.ts';
import { messageOf } from './testing/recording-consumer.ts';
import { ScriptedQueues } from './testing/scripted-queues.ts';

function watched(engine: Pick<Engine, 'list' | 'info' | 'stats' | 'groups'>): QueueWatch {
  const commitUs = (): typeof emptyReading => ({ ...emptyReading, count: 1, p99: 2_500 });
  return new QueueWatch({ engine, commitUs, onEvent: () => undefined, clock: new SimulatedClock(), log: silentLog });
}

test('every queue has its levels under its name, dead letters under that of their own queue and counted at theirs', async (t) => {
  const under = await new TestEngine().open();
  t.after(() => under.close());
  await under.engine.declare('orders', {});
  await under.engine.bury('orders', messageOf('x'), { code: 'invalid_argument', reason: 'a test', headers: [] });
  const levels = new Map(await queueLevels(watched(under.engine)));
  assert.equal(levels.get('$SYS/queues/orders/ready'), '0');
  assert.equal(levels.get('$SYS/queues/orders/dead-lettered'), '1');
  assert.equal(levels.get('$SYS/queues/orders/dead-letters'), '1');
  assert.equal(levels.get('$SYS/queues/orders.dead/ready'), '1');
  assert.equal(levels.get('$SYS/queues/orders/commit/p99'), '0.0025');
});

test('what is shown of a queue is what the reference says', async () => {
  const queues = new ScriptedQueues();
  queues.set('jobs', { readyByPriority: [1, 2], groupsRefused: { log: 3, consumer: 0 } });
  const levels = await queueLevels(watched(queues));
  assert.equal(new Map(levels).get('$SYS/queues/jobs/groups-refused/log'), '3');
  const forms = queueLevelRows.map(([name]) => {
    const pattern = name.replace(/\{(.*)\}/, (_, names: string) => `(${names.replaceAll(',', '|')})`);
    return new RegExp(`^\\$SYS/queues/jobs/${pattern.replaceAll(/[A-Z]+/g, '[^/]+')}$`);
  });
  for (const [topic] of levels) assert.equal(forms.filter((form) => form.test(topic)).length, 1, topic);
  // A log alone has groups.
  const shown = forms.filter((form) => levels.some(([topic]) => form.test(topic)));
  assert.equal(forms.length - shown.length, queueLevelRows.filter(([name]) => name.startsWith('groups/')).length);
});
