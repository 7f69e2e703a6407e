import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../testing/recording-consumer.ts';
import { queueKey } from './keys.ts';
import { TestEngine } from './testing/test-engine.ts';

const hot = { bytesMax: 2_000, messagesMax: 20, queueBytesMin: 300, queueMessagesMin: 3 };
const minuteMs = 60_000;
let under: TestEngine;
afterEach(() => under.close());

async function fill(count: number, expirySeconds?: number): Promise<void> {
  const { engine, clock } = under;
  const properties = expirySeconds === undefined ? undefined : { messageExpiryInterval: expirySeconds };
  const messages = Array.from({ length: count }, (_, n) =>
    messageOf(`${n}`, { topic: 'a', receivedAt: clock.now(), properties }),
  );
  await Promise.all(messages.map((message) => publish(engine.route('a'), message)));
}

async function untilExpired(count: number): Promise<void> {
  while ((await under.engine.stats('a')).expired < count) await turns(1);
}

function expiryRows(): number {
  return under.environment.readKeys('expiries', queueKey(0), queueKey(0xffff), 10_000).length;
}

for (const [by, ttlMs, expirySeconds] of [
  ['the ttl of the queue', minuteMs, undefined],
  ['expiries of their own', 0, 60],
] as const) {
  test(`more messages than fit into memory or one step end by ${by}, and no row of them is left`, async () => {
    under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
    await under.engine.declare('a', { bindings: [{ filter: 'a' }], ttlMs });
    await fill(1_500, expirySeconds);
    under.clock.advance(minuteMs);
    await untilExpired(1_500);
    await under.commit.flushed();
    const { ready, bytes } = await under.engine.stats('a');
    assert.deepEqual({ ready, bytes }, { ready: 0, bytes: 0 });
    assert.equal((await under.engine.stats('a.dead')).ready, 1_500);
    assert.equal(expiryRows(), 0);
  });
}

test('power that is cut in a sweep leaves every message in one of both queues', async () => {
  under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
  await under.engine.declare('a', { bindings: [{ filter: 'a' }], ttlMs: minuteMs });
  await under.engine.declare('a.dead', { deadLetter: null });
  await fill(2_000);
  under.clock.advance(minuteMs);
  await untilExpired(600);
  await under.cutPower();
  under.clock.advance(1_000);
  while ((await under.engine.stats('a')).ready > 0) await turns(1);
  const { messages } = await under.engine.browse('a.dead', { from: 0, limit: 5_000 });
  assert.equal(messages.length, 2_000);
  assert.equal(new Set(messages.map(({ message }) => message.payload.toString())).size, 2_000);
});

test('an acknowledged message takes its expiry row with it', async () => {
  under = await new TestEngine({ hot }).open();
  await under.engine.declare('a', { bindings: [{ filter: 'a' }] });
  await fill(40, 60);
  assert.equal(expiryRows(), 40);
  const consumer = new RecordingConsumer('all', { acknowledges: true });
  await under.engine.consume('a', consumer, { credit: 10 });
  await consumer.delivery(40);
  await under.commit.flushed();
  assert.equal(expiryRows(), 0);
});

test('a purge of what is on disk alone takes the expiry rows with it', async () => {
  under = await new TestEngine({ hot }).open();
  await under.engine.declare('a', { bindings: [{ filter: 'a' }] });
  await fill(40, 60);
  assert.equal(await under.engine.purge('a'), 40);
  await under.commit.flushed();
  assert.equal(expiryRows(), 0);
});

test('a queue whose messages are young looks at one step of them, however many there are', async () => {
  under = await new TestEngine({ hot }).open();
  await under.engine.declare('a', { bindings: [{ filter: 'a' }], ttlMs: minuteMs });
  await fill(1_500);
  let looks = 0;
  const { environment } = under;
  const readRange = environment.readRange.bind(environment);
  environment.readRange = (...request) => {
    if (request[0] === 'messages') looks++;
    return readRange(...request);
  };
  under.clock.advance(minuteMs - 1);
  await under.engine.declare('a', { ttlMs: 2 * minuteMs });
  under.clock.advance(1_000);
  await turns(8);
  await under.commit.flushed();
  assert.equal(looks, 1);
  assert.equal((await under.engine.stats('a')).expired, 0);
});
