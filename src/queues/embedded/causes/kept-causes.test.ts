import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { acknowledged } from '../../../message.ts';
import type { Random } from '../../../std/testing/random.ts';
import { forSeedsInTurn } from '../../../std/testing/seed.ts';
import { RowBatch } from '../../../storage/row-batch.ts';
import { StorageDouble } from '../../../storage/testing/storage-double.ts';
import { groupsMax } from '../../causes/cause-book.ts';
import type { DeadLetterGroups } from '../../causes/dead-letter-groups.ts';
import { compileFilter } from '../../move-filter.ts';
import { messageOf, publish, RecordingConsumer } from '../../testing/recording-consumer.ts';
import { checkQueues } from '../check/check-queues.ts';
import { storedRows } from '../testing/stored-rows.ts';
import { TestEngine } from '../testing/test-engine.ts';

const dead = 'work.dead';

let under: TestEngine;
beforeEach(async () => {
  under = await new TestEngine({ damages: true }).open();
  await under.engine.declare('work', {});
});
afterEach(() => under.close());

function bury(fingerprint: string, headers: [string, string][] = []): Promise<void> {
  const reason = `Cannot read ${fingerprint}`;
  return under.engine.bury('work', messageOf('x'), {
    code: 'driver_failed',
    reason,
    headers: [['fingerprint', fingerprint], ...headers],
  });
}

function counts({ groups }: DeadLetterGroups): Record<string, number> {
  return Object.fromEntries(groups.map(({ fingerprint, count }) => [fingerprint, count]));
}

async function findings(): Promise<string[]> {
  await under.commit.flushed();
  return [...checkQueues(storedRows(under.environment))].map(({ where, problem }) => `${where}: ${problem}`);
}

/** As a folder looks that an older version wrote. */
async function forgetRows(keep: (key: Buffer) => boolean = () => false): Promise<void> {
  const batch = new RowBatch();
  for (const { key } of storedRows(under.environment).rows('dead-letter-groups')) {
    if (!keep(key)) batch.remove('dead-letter-groups', key);
  }
  await under.environment.transact(batch);
}

test('dead letters of one cause are one group, the largest first', async () => {
  const firstAt = under.clock.now();
  await bury('f1', [
    ['stage', 'decode'],
    ['driver', 'oyster'],
    ['driver-version', '1.0.0'],
    ['device-type', 'oyster'],
  ]);
  await bury('f2');
  under.clock.advance(1_000);
  await bury('f1', [['device-type', 'oyster-3']]);
  const { groups, total, withoutDeath } = await under.engine.deadLetterGroups(dead);
  assert.deepEqual([total, withoutDeath, groups.length], [3, 0, 2]);
  const [first] = groups;
  assert.deepEqual([first.fingerprint, first.count, first.firstAt, first.lastAt], ['f1', 2, firstAt, firstAt + 1_000]);
  assert.deepEqual(first.deviceTypes, ['oyster', 'oyster-3']);
  const [sample] = (await under.engine.browse(dead, { from: first.sampleSequence ?? 0, limit: 1 })).messages;
  assert.equal(sample.death?.reason, first.reason);
});

test('a replay, a purge, a consumer and a move each close their group and are told apart', async () => {
  await under.engine.declare('elsewhere', {});
  for (const fingerprint of ['replayed', 'moved', 'consumed', 'discarded']) await bury(fingerprint);
  const move = async (fingerprint: string, to?: string): Promise<void> => {
    const { id } = await under.engine.startMove({ from: dead, to, filter: { fingerprint } });
    await under.engine.moveStatus(id, 10_000);
  };
  await move('replayed');
  await move('moved', 'elsewhere');
  const consumer = new RecordingConsumer();
  const consumption = await under.engine.consume(dead, consumer, { credit: 1 });
  (await consumer.delivery(1)).settle(acknowledged);
  await consumption.stop();
  assert.equal(await under.engine.purge(dead), 1);
  const { groups, closed } = await under.engine.deadLetterGroups(dead);
  assert.deepEqual(groups, []);
  for (const { fingerprint, left } of closed) assert.equal(left[fingerprint as keyof typeof left], 1, fingerprint);
  assert.equal(closed.length, 4);
  assert.deepEqual(counts(await under.engine.deadLetterGroups('elsewhere')), { moved: 1 });
  assert.deepEqual(await findings(), []);
});

test('after a restart, clean or not, the groups are those of before', async () => {
  for (const fingerprint of ['f1', 'f1', 'f2', 'f3']) await bury(fingerprint);
  await under.engine.startMove({ from: dead, filter: { fingerprint: 'f3' } });
  await under.commit.flushed();
  const before = await under.engine.deadLetterGroups(dead);
  await under.crash();
  assert.deepEqual(await under.engine.deadLetterGroups(dead), before);
  await under.reopen();
  assert.deepEqual(await under.engine.deadLetterGroups(dead), before);
});

test('what an older version left is counted when the server starts, and written', async () => {
  for (const fingerprint of ['f1', 'f1', 'f2']) await bury(fingerprint);
  const before = await under.engine.deadLetterGroups(dead);
  await under.engine.stop();
  await forgetRows();
  await under.environment.close();
  await under.open();
  assert.deepEqual(counts(await under.engine.deadLetterGroups(dead)), { f1: 2, f2: 1 });
  await under.crash();
  const { groups } = await under.engine.deadLetterGroups(dead);
  assert.deepEqual(
    groups.map(({ firstAt, lastAt, bytes }) => [firstAt, lastAt, bytes]),
    before.groups.map(({ firstAt, lastAt, bytes }) => [firstAt, lastAt, bytes]),
  );
  assert.deepEqual(await findings(), []);
});

test('rows that do not add up to the messages are counted anew at the next start', async () => {
  for (const fingerprint of ['f1', 'f1', 'f2']) await bury(fingerprint);
  await under.engine.stop();
  const [first] = [...storedRows(under.environment).keys('dead-letter-groups')].filter(({ length }) => length > 5);
  await forgetRows((key) => !key.equals(first));
  await under.environment.close();
  await under.open();
  assert.deepEqual(counts(await under.engine.deadLetterGroups(dead)), { f1: 2, f2: 1 });
});

test('rows that add up and are wrong all the same are found by the check, and put right by counting anew', async () => {
  for (const fingerprint of ['f1', 'f1', 'f2', 'f2']) await bury(fingerprint);
  const groups = [...storedRows(under.environment).rows('dead-letter-groups')].filter(({ key }) => key.length > 5);
  const batch = new RowBatch();
  const [one, other] = groups.map(({ value }) => Buffer.from(value));
  one.writeDoubleBE(3, 1);
  other.writeDoubleBE(1, 1);
  batch.put('dead-letter-groups', groups[0].key, one);
  batch.put('dead-letter-groups', groups[1].key, other);
  await under.environment.transact(batch);
  const found = await findings();
  assert.equal(found.length, 2);
  assert.match(
    found[0],
    /^queue "work\.dead", dead letters of f\d: Their group says .*sluice dead recount --queue work\.dead$/,
  );
  await under.reopen();
  const { groups: recounted } = await under.engine.deadLetterGroups(dead, { recount: true });
  assert.deepEqual(
    recounted.map(({ count }) => count),
    [2, 2],
  );
  assert.deepEqual(await findings(), []);
});

test('messages that were published to the dead-letter queue are counted apart', async () => {
  await bury('f1');
  await publish(under.engine.destination(dead), messageOf('stray'));
  const { groups, withoutDeath, total } = await under.engine.deadLetterGroups(dead);
  assert.deepEqual([groups.length, withoutDeath, total], [1, 1, 2]);
});

test('dead letters that stay in memory are grouped, and when they go to disk so do their groups', async () => {
  await under.engine.declare(dead, { durability: 'memory', deadLetter: null });
  for (const fingerprint of ['f1', 'f2', 'f2']) await bury(fingerprint);
  assert.deepEqual(counts(await under.engine.deadLetterGroups(dead)), { f1: 1, f2: 2 });
  await under.engine.declare(dead, { durability: 'sync' });
  await under.crash();
  assert.deepEqual(counts(await under.engine.deadLetterGroups(dead)), { f1: 1, f2: 2 });
  await under.engine.declare(dead, { durability: 'memory' });
  await bury('f3');
  await under.crash();
  assert.deepEqual(counts(await under.engine.deadLetterGroups(dead)), { f1: 1, f2: 2 });
  assert.deepEqual(await findings(), []);
});

test('what is counted as other is looked at and moved by that name, and nothing else is', async () => {
  for (let n = 0; n < groupsMax; n++) void bury(`f${n}`);
  for (const fingerprint of ['late', 'late', 'later']) await bury(fingerprint);
  const filter = { fingerprint: 'other' };
  const match = compileFilter(filter, 0);
  const fingerprints = async (): Promise<string[]> => {
    const { messages } = await under.engine.browse(dead, { from: 0, limit: 1_000, ...(match && { match }) });
    return messages.map(({ death }) => String(death?.headers.find(([name]) => name === 'fingerprint')?.[1]));
  };
  assert.deepEqual(await fingerprints(), ['late', 'late', 'later']);
  assert.equal((await under.engine.previewMove({ from: dead, filter })).movable, 3);
  // Room for one more, which is no other from then on.
  await under.engine.startMove({ from: dead, filter: { fingerprint: 'f0' } }).then(({ id }) => {
    return under.engine.moveStatus(id, 10_000);
  });
  await bury('late');
  const { id } = await under.engine.startMove({ from: dead, filter });
  assert.equal((await under.engine.moveStatus(id, 10_000)).moved, 3);
  const { groups, other } = await under.engine.deadLetterGroups(dead);
  assert.equal(other, undefined);
  assert.equal(groups.find(({ fingerprint }) => fingerprint === 'late')?.count, 1);
  assert.deepEqual(await findings(), []);
});

test('a group has a message to look at as long as it counts one, whichever of its messages have left', async () => {
  for (const fingerprint of ['f1', 'f2', 'f1', 'f1']) await bury(fingerprint);
  const samples = async (): Promise<(readonly [string, string | undefined])[]> => {
    const { groups } = await under.engine.deadLetterGroups(dead);
    const all = groups.map(async ({ fingerprint, sampleSequence }) => {
      const { messages } = await under.engine.browse(dead, { from: sampleSequence ?? 1e9, limit: 1 });
      const [stored] = messages;
      const isThere = stored?.sequence === sampleSequence;
      return [
        fingerprint,
        isThere ? stored.death?.headers.find(([name]) => name === 'fingerprint')?.[1] : undefined,
      ] as const;
    });
    return Promise.all(all);
  };
  const { groups } = await under.engine.deadLetterGroups(dead);
  const newest = groups[0].sampleSequence ?? 0;
  const { id } = await under.engine.startMove({ from: dead, filter: { sequences: [newest] } });
  assert.equal((await under.engine.moveStatus(id, 10_000)).moved, 1);
  assert.deepEqual(await samples(), [
    ['f1', 'f1'],
    ['f2', 'f2'],
  ]);
  await under.commit.flushed();
  await under.crash();
  assert.deepEqual((await samples()).length, 2);
  assert.deepEqual(await findings(), []);
});

test('the numbers of a queue have the causes of its dead letters', async () => {
  for (const fingerprint of ['f1', 'f2', 'f2']) await bury(fingerprint);
  const { deadLetterCauses, deadLetterGroups } = await under.engine.stats('work');
  assert.equal(deadLetterCauses, 2);
  assert.deepEqual(deadLetterGroups[0], { fingerprint: 'f2', code: 'driver_failed', messages: 2, growthPerMinute: 0 });
});

test('a queue that does not exist is not found', async () => {
  await assert.rejects(under.engine.deadLetterGroups('nope'), { code: 'queue_not_found' });
});

test('counted anew while dead letters come, go and crash, the groups are what is there', async () => {
  await forSeedsInTurn(20, async (random) => {
    const world = await new TestEngine({ random, storage: new StorageDouble() }).open();
    await world.engine.declare('work', { maxDeliveries: 1 });
    await world.engine.declare('work.dead', { deadLetter: null });
    for (let step = 0; step < 60; step++) await oneStep(world, random);
    await world.cutPower();
    const kept = counts(await world.engine.deadLetterGroups(dead));
    assert.deepEqual(counts(await world.engine.deadLetterGroups(dead, { recount: true })), kept);
    assert.deepEqual(await present(world), kept);
    // Opening and closing check that the rows agree with the messages.
    await world.close();
  });
});

async function oneStep(world: TestEngine, random: Random): Promise<void> {
  const { engine } = world;
  const fingerprint = `f${random.between(1, 5)}`;
  const step = random.between(0, 9);
  if (step < 6) {
    for (let n = random.between(1, 30); n > 0; n--) {
      void engine.bury('work', messageOf('x'), { code: 'c', reason: 'r', headers: [['fingerprint', fingerprint]] });
    }
  } else if (step === 6) await engine.startMove({ from: dead, to: 'work', filter: { fingerprint } });
  else if (step === 7) void engine.deadLetterGroups(dead, { recount: true });
  else if (step === 8)
    for (const { token } of await engine.lease(dead, { consumerId: 'c', max: 3, waitMs: 0 }))
      void engine.settle(dead, [token], acknowledged);
  else if (random.between(0, 3) === 0) await world.cutPower();
  else await world.commit.flushed();
}

async function present(world: TestEngine): Promise<Record<string, number>> {
  const { messages } = await world.engine.browse(dead, { from: 0, limit: 100_000 });
  const found: Record<string, number> = {};
  for (const { death } of messages) {
    const [, fingerprint] = death?.headers.find(([name]) => name === 'fingerprint') ?? [];
    if (fingerprint !== undefined) found[fingerprint] = (found[fingerprint] ?? 0) + 1;
  }
  const bySize = Object.entries(found).sort(([, a], [, b]) => b - a);
  return Object.fromEntries(bySize);
}
