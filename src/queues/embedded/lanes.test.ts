import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../testing/recording-consumer.ts';
import { TestEngine } from './testing/test-engine.ts';

const hot = { bytesMax: 2_000, messagesMax: 20, queueBytesMin: 300, queueMessagesMin: 3 };
const levels = 4;
let under: TestEngine;
afterEach(() => under.close());

/** Priorities go round: 1, 2, 3, 4, 1 and so on. */
async function fill(from: number, to: number): Promise<void> {
  const messages = Array.from({ length: to - from }, (_, index) => {
    const n = from + index;
    const userProperties = [['sluice-priority', String((n % levels) + 1)]] as const;
    return messageOf(String(n), { topic: 'a', properties: { userProperties, messageExpiryInterval: 86_400 } });
  });
  await Promise.all(messages.map((message) => publish(under.engine.route('a'), message)));
}

function byPriority(to: number): string[] {
  const all = Array.from({ length: to }, (_, n) => n);
  return [3, 2, 1, 0].flatMap((level) => all.filter((n) => n % levels === level)).map(String);
}

async function opened(storage?: StorageDouble): Promise<void> {
  under = await new TestEngine({ hot, storage }).open();
  await under.engine.declare('a', { bindings: [{ filter: 'a' }], priorities: levels, priorityAgeingMs: 0, ttlMs: 0 });
}

test('a backlog larger than memory comes by priority, in each in order, over restart and crash', async () => {
  await opened();
  await fill(0, 400);
  await under.reopen();
  await fill(400, 800);
  await under.crash();
  const { readyByPriority, ready } = await under.engine.stats('a');
  assert.deepEqual([readyByPriority, ready], [[200, 200, 200, 200], 800]);
  const consumer = new RecordingConsumer('all', { acknowledges: true });
  await under.engine.consume('a', consumer, { credit: 1 });
  await consumer.delivery(800);
  assert.deepEqual(consumer.payloads, byPriority(800));
  await under.commit.flushed();
  const { bytes } = await under.engine.stats('a');
  assert.equal(bytes, 0);
});

test('a browse and a purge go through all lanes in the order of arrival, in pages', async () => {
  await opened(new StorageDouble());
  await fill(0, 2_000);
  const seen: string[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: { messages: readonly { message: { payload: Buffer } }[]; next: number | undefined } =
      await under.engine.browse('a', { from, limit: 300 });
    seen.push(...page.messages.map(({ message }) => message.payload.toString()));
    from = page.next;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 2_000 }, (_, n) => String(n)),
  );
  assert.equal(await under.engine.purge('a'), 2_000);
  await under.commit.flushed();
  const { ready, bytes, readyByPriority } = await under.engine.stats('a');
  assert.deepEqual({ ready, bytes, readyByPriority }, { ready: 0, bytes: 0, readyByPriority: [0, 0, 0, 0] });
});

test('a power cut in the middle of a drain loses nothing and doubles only what was not yet acknowledged on disk', async () => {
  await opened(new StorageDouble());
  await fill(0, 600);
  const first = new RecordingConsumer('first', { acknowledges: true });
  await under.engine.consume('a', first, { credit: 10 });
  await first.delivery(250);
  await under.cutPower();
  const second = new RecordingConsumer('second', { acknowledges: true });
  await under.engine.consume('a', second, { credit: 10 });
  while ((await under.engine.stats('a')).ready > 0) await turns(1);
  assert.equal(new Set([...first.payloads, ...second.payloads]).size, 600);
  const order = byPriority(600);
  assert.deepEqual(second.payloads, order.slice(order.length - second.payloads.length));
});

test('what waits for its time is seen in a priority that nothing else has', async () => {
  await opened(new StorageDouble());
  const userProperties = [
    ['sluice-priority', '3'],
    ['sluice-delay', '60000'],
  ] as const;
  await publish(under.engine.route('a'), messageOf('later', { topic: 'a', properties: { userProperties } }));
  const { messages } = await under.engine.browse('a', { from: 0, limit: 10 });
  assert.deepEqual(
    messages.map(({ message, state }) => `${message.payload} ${state}`),
    ['later scheduled'],
  );
  assert.equal(await under.engine.purge('a'), 1);
});

test('what is dropped for room is the oldest that is ready, though no flush has brought it to disk', async () => {
  await opened(new StorageDouble());
  await under.engine.declare('a', { limits: { messages: 8 }, overflow: 'drop_oldest' });
  await under.engine.consume('a', new RecordingConsumer('holder'), { credit: 4 });
  await turns();
  const userProperties = [['sluice-delay', '60000']] as const;
  const later = messageOf('later', { topic: 'a', properties: { userProperties } });
  await Promise.all([publish(under.engine.route('a'), later), fill(0, 4)]);
  await fill(4, 12);
  const { messages } = await under.engine.browse('a', { from: 0, limit: 10 });
  const waiting = messages.filter(({ state }) => state !== 'leased').map(({ message }) => message.payload.toString());
  assert.deepEqual(waiting, ['later', '9', '10', '11']);
});
