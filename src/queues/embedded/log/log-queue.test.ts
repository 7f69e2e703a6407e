import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { acknowledged } from '../../../message.ts';
import type { GroupInfo } from '../../engine.ts';
import type { GivenQueueOptions } from '../../options.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../../testing/recording-consumer.ts';
import { TestEngine } from '../testing/test-engine.ts';
import { groupOfKey } from './group-row.ts';
import { groupOutstandingMax } from './group-selector.ts';
import { groupsMax, groupsPerConsumerMax } from './log-groups.ts';

const hot = { bytesMax: 2_000, messagesMax: 20, queueBytesMin: 300, queueMessagesMin: 3 };
const failed = { kind: 'failed', code: 'driver_failed', reason: 'no luck' } as const;
let under: TestEngine;
afterEach(() => under.close());

async function open(options: GivenQueueOptions = {}, limits = hot, damages = false): Promise<void> {
  under = await new TestEngine({ hot: limits, damages }).open();
  await under.engine.declare('log', {
    kind: 'log',
    bindings: [{ filter: 'log' }],
    group: { start: 'earliest' },
    ...options,
  });
}

function fill(from: number, count: number, more: Parameters<typeof messageOf>[1] = {}): Promise<unknown> {
  const { engine } = under;
  return Promise.all(
    Array.from({ length: count }, (_, n) =>
      publish(engine.route('log'), messageOf(`${from + n}`, { topic: 'log', ...more })),
    ),
  );
}

async function infoOf(group: string): Promise<GroupInfo> {
  const found = (await under.engine.groups('log')).find(({ name }) => name === group);
  assert.ok(found !== undefined);
  return found;
}

const numbers = (from: number, count: number): string[] => Array.from({ length: count }, (_, n) => `${from + n}`);

test('groups that are far apart read it all in order, from disk and from memory', async () => {
  await open();
  await fill(0, 200);
  const quick = new RecordingConsumer('quick', { acknowledges: true });
  await under.engine.consume('log', quick, { credit: 7, group: 'quick' });
  const slow = new RecordingConsumer('slow');
  await under.engine.consume('log', slow, { credit: 3, group: 'slow' });
  await quick.delivery(100);
  await fill(200, 100);
  await quick.delivery(300);
  for (let number = 1; number <= 300; number++) (await slow.delivery(number)).settle(acknowledged);
  assert.deepEqual(quick.payloads, numbers(0, 300));
  assert.deepEqual(slow.payloads, numbers(0, 300));
  assert.equal((await infoOf('slow')).lagMessages, 0);
});

test('a message that is not flushed is not delivered, though a consumer with credit asks for more', async () => {
  await open();
  const consumer = new RecordingConsumer();
  await under.engine.consume('log', consumer, { credit: 10, group: 'g' });
  await fill(0, 1);
  const first = await consumer.delivery(1);
  const stored = fill(1, 1);
  first.settle(acknowledged);
  assert.equal(consumer.deliveries.length, 1);
  await stored;
  await consumer.delivery(2);
  assert.deepEqual(consumer.payloads, ['0', '1']);
});

test('a group reads no further than so many unsettled messages, and goes on when one of them is settled', async () => {
  const backoff = { kind: 'fixed', initialMs: 60_000, factor: 1, maxMs: 60_000, jitter: 0 } as const;
  await open({ backoff, maxDeliveries: 2, deadLetter: null }, { ...hot, messagesMax: 2_000, bytesMax: 1_000_000 });
  await fill(0, groupOutstandingMax + 5);
  let delivered = 0;
  const consumer = new RecordingConsumer();
  consumer.deliver = (delivery) => {
    delivered++;
    delivery.settle(failed);
  };
  const consumption = await under.engine.consume('log', consumer, { credit: 1_000, group: 'g' });
  while (delivered < groupOutstandingMax) await turns(1);
  await turns(20);
  assert.equal(delivered, groupOutstandingMax);
  assert.equal((await infoOf('g')).scheduled, groupOutstandingMax);
  // Once more for each, and then it is over with them: the rest can come.
  under.clock.advance(60_000);
  while (delivered < 2 * groupOutstandingMax + 5) await turns(1);
  assert.equal((await infoOf('g')).lagMessages, 5);
  consumption.stop();
  await under.commit.flushed();
});

test('what was settled out of order is known after a crash, and the failures of what was not', async () => {
  const backoff = { kind: 'fixed', initialMs: 60_000, factor: 1, maxMs: 60_000, jitter: 0 } as const;
  await open({ backoff });
  await fill(0, 60);
  const consumer = new RecordingConsumer();
  await under.engine.consume('log', consumer, { credit: 100, group: 'g' });
  await consumer.delivery(32);
  for (const [n, delivery] of consumer.deliveries.slice(0, 32).entries()) {
    if (n % 3 === 0) delivery.settle(acknowledged);
    else if (n % 3 === 1) delivery.settle(failed);
  }
  await under.crash();
  const again = new RecordingConsumer('again', { acknowledges: true });
  await under.engine.consume('log', again, { credit: 100, group: 'g' });
  const expected = numbers(0, 60).filter((_, n) => n >= 32 || n % 3 === 2);
  const early = new Set((await again.delivery(expected.length)) && again.payloads);
  for (const payload of expected) assert.ok(early.has(payload) || Number(payload) >= 32);
  under.clock.advance(60_000);
  while ((await infoOf('g')).lagMessages > 0) await turns(1);
  const attempts = new Map(again.deliveries.map(({ message, attempt }) => [message.payload.toString(), attempt]));
  for (let n = 0; n < 32; n++) assert.equal(attempts.get(`${n}`), [undefined, 2, 1][n % 3], `${n}`);
  const states = under.environment.readKeys('group-states', Buffer.from([0]), Buffer.from([0xff]), 10);
  await under.commit.flushed();
  assert.equal(under.environment.readKeys('group-states', Buffer.from([0]), Buffer.from([0xff]), 10).length, 0);
  assert.ok(states.length <= 10);
});

test('a failure whose time has come is scheduled no longer, though no consumer has come for it since a restart', async () => {
  const backoff = { kind: 'fixed', initialMs: 60_000, factor: 1, maxMs: 60_000, jitter: 0 } as const;
  await open({ backoff });
  await fill(0, 2);
  const consumer = new RecordingConsumer();
  await under.engine.consume('log', consumer, { credit: 10, group: 'g' });
  (await consumer.delivery(1)).settle(failed);
  under.clock.advance(1_000);
  (await consumer.delivery(2)).settle(failed);
  await under.crash();
  const scheduled = async () => (await infoOf('g')).scheduled;
  assert.equal(await scheduled(), 2);
  under.clock.advance(59_000);
  assert.equal(await scheduled(), 1);
  under.clock.advance(1_000);
  assert.equal(await scheduled(), 0);
  assert.equal((await infoOf('g')).lagMessages, 2);
});

test('the next one in order by key is delivered though a thousand others of a stuck key lie before it', async () => {
  await open({ ordering: 'key', orderingKey: 'property:k' });
  const of = (k: string) => ({ properties: { userProperties: [['k', k] as const] } });
  await fill(0, 1_000, of('stuck'));
  await fill(1_000, 3, of('free'));
  const consumer = new RecordingConsumer();
  await under.engine.consume('log', consumer, { credit: 10, group: 'g' });
  await consumer.delivery(2);
  assert.deepEqual(consumer.payloads, ['0', '1000']);
  for (let number = 2; number <= 4; number++) (await consumer.delivery(number)).settle(acknowledged);
  await turns();
  assert.deepEqual(consumer.payloads, ['0', '1000', '1001', '1002']);
  for (let number = 1; number <= 1_003; number++) {
    (await consumer.delivery(number)).settle(acknowledged);
  }
  assert.deepEqual(
    consumer.payloads.filter((payload) => Number(payload) < 1_000),
    numbers(0, 1_000),
  );
});

test('a message that expires by its own word is skipped, and stays for who looks', async () => {
  await open();
  await fill(0, 1, { properties: { messageExpiryInterval: 5 }, receivedAt: under.clock.now() });
  await fill(1, 1);
  under.clock.advance(5_000);
  const consumer = new RecordingConsumer();
  await under.engine.consume('log', consumer, { credit: 10, group: 'g' });
  await consumer.delivery(1);
  assert.deepEqual(consumer.payloads, ['1']);
  assert.equal((await infoOf('g')).skipped, 1);
  assert.equal((await under.engine.browse('log', { from: 0, limit: 10 })).messages.length, 2);
});

test('a log has so many groups and no more', async () => {
  await open();
  const asked = Array.from({ length: groupsMax + 1 }, (_, n) => under.engine.seek('log', `g${n}`, 'latest'));
  const answers = await Promise.allSettled(asked);
  assert.equal(answers.filter(({ status }) => status === 'rejected').length, 1);
  await assert.rejects(under.engine.seek('log', 'one-more', 'latest'), {
    code: 'quota_exceeded',
    message: /1000 groups/,
  });
  assert.deepEqual((await under.engine.stats('log')).groupsRefused, { log: 2, consumer: 0 });
  await under.engine.removeGroup('log', 'g0');
  await under.engine.seek('log', 'one-more', 'latest');
});

test('one consumer makes so many groups of a log by naming them; others, and those who administer it, go on', async () => {
  await open();
  const name = (consumerId: string, group: string) =>
    under.engine.lease('log', { consumerId, group, max: 1, waitMs: 0 });
  for (let n = 0; n < groupsPerConsumerMax; n++) await name('c', `c${n}`);
  await assert.rejects(name('c', 'more'), {
    code: 'quota_exceeded',
    message: `Cannot make group "more" of "log": its consumer "c" has made 100 of its groups, the most that one may make; remove one`,
  });
  assert.deepEqual((await under.engine.stats('log')).groupsRefused, { log: 0, consumer: 1 });
  await name('c', 'c0');
  await name('other', 'o0');
  await under.engine.seek('log', 'made', 'latest');
  await under.engine.removeGroup('log', 'c1');
  await name('c', 'more');
});

test('a damaged message goes to the dead letters of who meets it, and the group goes on', async () => {
  await open({}, hot, true);
  await fill(0, 3);
  const [, row] = under.environment.readRange('messages', Buffer.from([0]), Buffer.from([0xff]), 10);
  const value = Buffer.from(row.value);
  value[value.length - 1] ^= 1;
  under.commit.put('messages', row.key, value);
  await under.commit.flushed();
  const consumer = new RecordingConsumer('g', { acknowledges: true });
  await under.engine.consume('log', consumer, { credit: 10, group: 'g' });
  await consumer.delivery(2);
  assert.deepEqual(consumer.payloads, ['0', '2']);
  const [dead] = (await under.engine.browse('log.dead', { from: 0, limit: 10 })).messages;
  assert.deepEqual([dead.death?.code, dead.death?.headers[0]], ['damaged', ['group', 'g']]);
  const { deadLettered, lagMessages } = await infoOf('g');
  assert.deepEqual([deadLettered, lagMessages], [1, 0]);
});

test('a group whose row is damaged begins again with the first message, so that it misses none', async () => {
  await open({}, hot, true);
  await fill(0, 3);
  await under.engine.seek('log', 'g', 'latest');
  const [row] = under.environment.readRange('groups', Buffer.from([0]), Buffer.from([0xff]), 10);
  assert.equal(groupOfKey(row.key), 1);
  const value = Buffer.from(row.value);
  value[21] ^= 1;
  under.commit.put('groups', row.key, value);
  await under.crash();
  assert.equal((await infoOf('g')).lagMessages, 3);
});

test('removing a log removes the rows of its groups', async () => {
  await open({ retention: { compact: 'topic' } });
  await fill(0, 3);
  const consumer = new RecordingConsumer();
  await under.engine.consume('log', consumer, { credit: 10, group: 'g' });
  (await consumer.delivery(1)).settle(failed);
  await under.commit.flushed();
  await under.engine.remove('log');
  assert.equal(consumer.endedWith?.code, 'queue_not_found');
  await turns();
  await under.commit.flushed();
  for (const table of ['groups', 'group-states', 'messages', 'last-values', 'expiries'] as const) {
    assert.equal(under.environment.readKeys(table, Buffer.from([0]), Buffer.from([0xff]), 10).length, 0, table);
  }
});
