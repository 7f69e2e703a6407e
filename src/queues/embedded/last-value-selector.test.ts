import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import { messageOf, publish, turns } from '../testing/recording-consumer.ts';
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
