import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acknowledged, type Delivery } from '../../../message.ts';
import { StorageDouble } from '../../../storage/testing/storage-double.ts';
import type { GivenQueueOptions } from '../../options.ts';
import { messageOf, RecordingConsumer, turns } from '../../testing/recording-consumer.ts';
import { TestEngine } from '../testing/test-engine.ts';
import { compactionDelayMs } from './log-upkeep.ts';

const hot = { bytesMax: 1_000_000, messagesMax: 2_000, queueBytesMin: 100_000, queueMessagesMin: 200 };

async function opened(retention: GivenQueueOptions['retention']): Promise<TestEngine> {
  const under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
  await under.engine.declare('log', {
    kind: 'log',
    bindings: [{ filter: 'log' }],
    group: { start: 'earliest' },
    retention,
  });
  return under;
}

/** One message of each of these keys, numbered from `number` on. */
function fill(under: TestEngine, keys: readonly string[], number = 1): void {
  for (const [at, key] of keys.entries()) {
    const message = messageOf(`${number + at}`, { topic: 'log', properties: { userProperties: [['k', key]] } });
    under.engine.route('log')?.admit(message, { receipt: () => undefined }, 0);
  }
}

async function quiet(under: TestEngine): Promise<void> {
  for (let i = 0; i < 8; i++) {
    await under.commit.flushed();
    await turns(1);
  }
}

async function present(under: TestEngine): Promise<string[]> {
  const { messages } = await under.engine.browse('log', { from: 0, limit: 10_000 });
  return messages.map(({ message }) => message.payload.toString());
}

test('messages go by their age, also where the log was empty and had a group when they came', async () => {
  const under = await opened({ ageMs: 2_000 });
  // Who listens makes the log plan the hour in which the group is touched.
  await under.engine.consume('log', new RecordingConsumer('g', { acknowledges: true }), { credit: 10, group: 'g' });
  await quiet(under);
  fill(under, ['a', 'b']);
  await quiet(under);
  under.clock.advance(2_000);
  await quiet(under);
  assert.deepEqual(await present(under), []);
  await under.close();
});

test('a log that is over its limit compacts no more of what a listener has to come to than the limit asks for', async () => {
  const under = await opened({ compact: 'property:k', messages: 5 });
  await under.engine.consume('log', new RecordingConsumer(), { credit: 1, group: 'g' });
  fill(under, ['a', 'a', 'a', 'a', 'a', 'a', 'a']);
  await quiet(under);
  assert.deepEqual(await present(under), ['3', '4', '5', '6', '7']);
  await under.close();
});

test('what was compacted away is not delivered, though the group had it in memory', async () => {
  const under = await opened({ compact: 'property:k', messages: 3 });
  const consumer = new RecordingConsumer();
  await under.engine.consume('log', consumer, { credit: 1, group: 'g' });
  fill(under, ['a', 'a', 'a', 'a', 'a', 'a']);
  await quiet(under);
  (await consumer.delivery(1)).settle(acknowledged);
  assert.deepEqual(consumer.payloads, ['1', '4']);
  await under.close();
});

test('a group that goes back gets nothing that was compacted away since it read it', async () => {
  const under = await opened({ compact: 'property:k' });
  fill(under, ['b', 'a', 'a', 'a', 'a', 'c']);
  await quiet(under);
  const consumer = new RecordingConsumer();
  await under.engine.consume('log', consumer, { credit: 1, group: 'g' });
  for (let number = 1; number <= 5; number++) (await consumer.delivery(number)).settle(acknowledged);
  const held: Delivery = await consumer.delivery(6);
  under.clock.advance(compactionDelayMs);
  await quiet(under);
  assert.deepEqual(await present(under), ['1', '5', '6']);
  await under.engine.seek('log', 'g', 'earliest');
  held.settle(acknowledged);
  (await consumer.delivery(7)).settle(acknowledged);
  assert.deepEqual(consumer.payloads.slice(6), ['1', '5']);
  await under.close();
});

test('a power cut in the middle of a purge leaves an index that compaction can go on with', async () => {
  const keys = Array.from({ length: 700 }, (_, n) => `k${n}`);
  for (let cutAt = 0; cutAt < 24; cutAt++) {
    const under = await opened({ compact: 'property:k' });
    fill(under, [...keys, ...keys]);
    await quiet(under);
    under.clock.advance(compactionDelayMs);
    // In half of the runs it is still compacting when the purge begins.
    await (cutAt % 2 === 0 ? quiet(under) : turns(4));
    // It never comes to its end.
    void under.engine.purge('log').catch(() => undefined);
    await turns(cutAt >> 1);
    await under.cutPower();
    fill(under, ['k0'], 2_000);
    await quiet(under);
    under.clock.advance(compactionDelayMs);
    await quiet(under);
    const ofKey = (await present(under)).filter((id) => id === '2000' || (Number(id) - 1) % keys.length === 0);
    assert.deepEqual(ofKey, ['2000'], `cut in turn ${cutAt >> 1}`);
    await under.close();
  }
});

test('removing a group removes its failures too, where they are just being flushed', async () => {
  const under = await opened({});
  const consumer = new RecordingConsumer();
  await under.engine.consume('log', consumer, { credit: 10, group: 'g' });
  fill(under, ['a']);
  (await consumer.delivery(1)).settle({ kind: 'failed', code: 'driver_failed', reason: 'no luck' });
  await turns(1);
  await under.engine.removeGroup('log', 'g');
  await quiet(under);
  assert.deepEqual(under.environment.readKeys('group-states', Buffer.from([0]), Buffer.from([0xff]), 10), []);
  await under.close();
});

const expiryMs = 60_000;

async function openedWithExpiry(): Promise<TestEngine> {
  const under = await opened({});
  await under.engine.declare('log', { group: { start: 'earliest', expiryMs } });
  await quiet(under);
  return under;
}

async function groupsOf(under: TestEngine): Promise<string[]> {
  return (await under.engine.groups('log')).map(({ name, consumers }) => `${name} ${consumers}`);
}

test('a group that somebody made by saying where it begins, and nobody used, expires', async () => {
  const under = await openedWithExpiry();
  await under.engine.seek('log', 'g', 'earliest');
  under.clock.advance(expiryMs);
  await quiet(under);
  assert.deepEqual(await groupsOf(under), []);
  await under.close();
});

test('a group that is made anew while another one expires is not taken for the one that had its name', async () => {
  const under = await openedWithExpiry();
  fill(under, ['a', 'b']);
  for (const group of ['f', 'g']) {
    const [{ token }] = await under.engine.lease('log', { consumerId: 'c', group, max: 1, waitMs: 1_000 });
    await under.engine.settle('log', [token], acknowledged);
  }
  await quiet(under);
  under.clock.advance(expiryMs);
  // The rows of the first one are on their way out, and the second one is next.
  for (let turn = 0; turn < 100 && (await groupsOf(under)).length === 2; turn++) await turns(1);
  const removal = under.engine.removeGroup('log', 'g');
  const consumer = new RecordingConsumer('c', { acknowledges: true });
  await under.engine.consume('log', consumer, { credit: 10, group: 'g' });
  await removal;
  await quiet(under);
  assert.deepEqual(await groupsOf(under), ['g 1']);
  fill(under, ['c'], 3);
  await quiet(under);
  assert.deepEqual([consumer.payloads, consumer.endedWith], [['1', '2', '3'], undefined]);
  await under.close();
});
