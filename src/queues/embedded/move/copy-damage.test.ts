import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageOf, publish } from '../../testing/recording-consumer.ts';
import { TestEngine } from '../testing/test-engine.ts';

test('a damaged message of a log is not copied, and the copy says which it is', async () => {
  const under = await new TestEngine({ damages: true }).open();
  const { engine, environment, commit } = under;
  await engine.declare('log', { kind: 'log', bindings: [{ filter: 'a' }] });
  await engine.declare('target', {});
  for (const payload of ['1', '2', '3']) await publish(engine.route('a'), messageOf(payload, { topic: 'a' }));
  const [, row] = environment.readRange('messages', Buffer.from([0]), Buffer.from([0xff]), 10);
  const value = Buffer.from(row.value);
  value[value.length - 1] ^= 1;
  commit.put('messages', row.key, value);
  await commit.flushed();
  const { id } = await engine.startMove({ from: 'log', to: 'target', copy: true });
  const { state, copied, skipped } = await engine.moveStatus(id, 1);
  assert.deepEqual({ state, copied }, { state: 'done', copied: 2 });
  assert.equal(skipped[0].sequence, 2);
  assert.match(skipped[0].reason, /damaged: The checksum/);
  await under.close();
});
