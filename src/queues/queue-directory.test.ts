import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestEngine } from './embedded/testing/test-engine.ts';
import { CurrentDirectory } from './queue-directory.ts';

test('the queues are looked through again only where they have changed', async () => {
  const under = await new TestEngine().open();
  const { engine } = under;
  const current = new CurrentDirectory(engine);
  for (let i = 0; i < 3; i++) await engine.declare(`q${i}`, { bindings: [{ filter: `t/${i}` }] });
  const directory = await current.get();
  assert.equal(directory.boundTo('t/1')?.name, 'q1');
  assert.equal(await current.get(), directory);
  const changed = await engine.declare('q1', { bindings: [{ filter: 'u' }] });
  const next = await current.get();
  assert.notEqual(next, directory);
  assert.deepEqual([next.boundTo('t/1'), next.boundTo('u'), next.named('q1')], [undefined, changed, changed]);
  await under.close();
});
