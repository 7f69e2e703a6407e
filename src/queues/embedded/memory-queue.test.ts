import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import { rejected } from '../testing/contract-bench.ts';
import { messageOf, publish, RecordingConsumer } from '../testing/recording-consumer.ts';
import { TestEngine } from './testing/test-engine.ts';

const hot = { bytesMax: 100_000, messagesMax: 20, queueBytesMin: 1_000, queueMessagesMin: 2 };
let under: TestEngine;
afterEach(() => under.close());

test('dead letters that are kept in memory alone are bounded by memory, and those beyond it counted', async () => {
  under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
  const { engine } = under;
  await engine.declare('a.dead', { durability: 'memory', deadLetter: null });
  await engine.declare('a', { bindings: [{ filter: 'a' }] });
  const consumer = new RecordingConsumer('all');
  await engine.consume('a', consumer, { credit: 1 });
  for (let n = 1; n <= 50; n++) {
    await publish(engine.route('a'), messageOf(String(n), { topic: 'a' }));
    (await consumer.delivery(n)).settle(rejected);
  }
  const { deadLettered, dropped } = await engine.stats('a');
  assert.deepEqual([deadLettered, dropped.no_dead_letters], [20, 30]);
  assert.equal((await engine.stats('a.dead')).ready, 20);
});

test('a queue in memory that refuses drops nothing where another queue of the publish takes the last place in memory', async () => {
  under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
  const { engine } = under;
  await engine.declare('written', { bindings: [{ filter: 'both' }] });
  await engine.declare('kept', { bindings: [{ filter: 'both' }, { filter: 'kept' }], durability: 'memory' });
  await publish(engine.route('kept'), messageOf('1', { topic: 'kept' }));
  for (let n = 2; n <= 11; n++) await publish(engine.route('both'), messageOf(String(n), { topic: 'both' }));
  const { ready, dropped } = await engine.stats('kept');
  assert.deepEqual([ready, dropped.overflow], [11, 0]);
});
