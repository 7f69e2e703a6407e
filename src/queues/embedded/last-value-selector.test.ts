import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { released } from '../../message.ts';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../testing/recording-consumer.ts';
import { TestEngine } from './testing/test-engine.ts';

const hot = { bytesMax: 400, messagesMax: 4, queueBytesMin: 200, queueMessagesMin: 2 };
let under: TestEngine;
afterEach(() => under.close());

test('where memory is full a key that changes often has one message all the same', async () => {
  under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
  const { engine } = under;
  await engine.declare('a', { bindings: [{ filter: 'a/#' }], lastValue: { key: 'topic:2' } });
  for (let n = 0; n < 10; n++) await publish(engine.route(`a/${n}`), messageOf('x', { topic: `a/${n}` }));
  for (let round = 0; round < 20; round++) {
    const sent = [0, 1, 2].map((n) => publish(engine.route('a/9'), messageOf(`${round}.${n}`, { topic: 'a/9' })));
    if (round % 3 === 0) await Promise.all(sent);
    else await turns(1);
  }
  await turns();
  const { ready, dropped } = await engine.stats('a');
  assert.deepEqual([ready, dropped.superseded], [10, 60]);
  const { messages } = await engine.browse('a', { from: 0, limit: 100 });
  assert.deepEqual(messages.map(({ message }) => message.payload.toString()).sort(), [
    '19.2',
    ...Array.from({ length: 9 }, () => 'x'),
  ]);
});

test('a newer value that waits for room takes the place of the one that a consumer gives back', async () => {
  under = await new TestEngine({ storage: new StorageDouble() }).open();
  const { engine } = under;
  const limits = { messages: 1 };
  await engine.declare('a', { bindings: [{ filter: 'a' }], lastValue: { key: 'topic' }, limits, overflow: 'block' });
  const consumer = new RecordingConsumer();
  const consumption = await engine.consume('a', consumer, { credit: 1 });
  await publish(engine.route('a'), messageOf('old', { topic: 'a' }));
  const newer = publish(engine.route('a'), messageOf('newer', { topic: 'a' }));
  consumption.setCredit(0);
  (await consumer.delivery(1)).settle(released);
  await newer;
  const { messages } = await engine.browse('a', { from: 0, limit: 10 });
  assert.deepEqual(
    messages.map(({ message }) => message.payload.toString()),
    ['newer'],
  );
});
