import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { acknowledged } from '../../../message.ts';
import { stepMsMax } from '../../../std/step-time.ts';
import type { RowBatch } from '../../../storage/row-batch.ts';
import { StorageDouble } from '../../../storage/testing/storage-double.ts';
import type { GroupInfo, LeasedMessage } from '../../engine.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../../testing/recording-consumer.ts';
import { returnedPerTurnMax } from '../leavers.ts';
import { TestEngine } from '../testing/test-engine.ts';
import { removedStatesMax } from './group-removals.ts';
import { decodeGroup, encodeGroup, groupKey, groupOfKey } from './group-row.ts';
import { groupOutstandingMax } from './group-selector.ts';
import { SettledRanges } from './settled-ranges.ts';

/** As many as a group may have out. */
const messages = groupOutstandingMax;
const everything = Array.from({ length: messages }, (_, n) => `${n}`);
let under: TestEngine;
afterEach(() => under.close());

/** Somebody has leased all messages of a log, in group `g`. */
async function leasedAll(): Promise<readonly LeasedMessage[]> {
  // Each message that is looked at takes a millisecond.
  let looked = 0;
  under = await new TestEngine({ storage: new StorageDouble(), monotonicMs: () => ++looked }).open();
  await under.engine.declare('a', {
    kind: 'log',
    bindings: [{ filter: 'a' }],
    group: { start: 'earliest' },
    maxInflightPerConsumer: messages,
    maxInflight: messages,
  });
  await Promise.all(everything.map((payload) => publish(under.engine.route('a'), messageOf(payload, { topic: 'a' }))));
  const leased: LeasedMessage[] = [];
  const request = { consumerId: 'first', group: 'g', max: messages, waitMs: 0, leaseMs: 600_000 };
  while (leased.length < messages) leased.push(...(await under.engine.lease('a', request)));
  return leased;
}

const held = async (): Promise<number> => (await under.engine.groups('a'))[0].leased;

/** Begins to seek, up to where what goes at once has gone. The answer is still to come. */
async function begunToSeek(to: 'earliest' | 'latest'): Promise<{ sought: Promise<GroupInfo> }> {
  const sought = under.engine.seek('a', 'g', to);
  // Whoever looks at it later meets its failure then.
  void sought.catch(() => undefined);
  while ((await held()) === messages) await turns(1);
  return { sought };
}

/** How many are held, or wait, at looks between which the engine does one step at most. */
async function seenMeanwhile(count: () => Promise<number>): Promise<readonly number[]> {
  const seen: Promise<number>[] = [];
  const look = (): void => {
    seen.push(count());
    if (seen.length < messages / 2) under.clock.after(0, look);
  };
  under.clock.after(0, look);
  under.clock.advance(1_000);
  return Promise.all(seen);
}

const largestStep = (seen: readonly number[]): number => Math.max(...seen.slice(1).map((after, n) => seen[n] - after));

test('what is held when a group goes elsewhere is lost in steps, and nobody gets anything before the last is', async () => {
  await leasedAll();
  const { sought } = await begunToSeek('earliest');
  assert.equal(await held(), messages - returnedPerTurnMax);
  const next = new RecordingConsumer('next');
  await under.engine.consume('a', next, { credit: 1, group: 'g' });
  await turns();
  assert.deepEqual(next.payloads, []);
  const seen = await seenMeanwhile(held);
  const largest = largestStep(seen);
  assert.ok(largest > 0 && largest <= stepMsMax, `${largest} in one step`);
  assert.equal(seen.at(-1), 0);
  assert.equal((await sought).position, 1);
  await turns();
  assert.deepEqual(next.payloads, ['0']);
});

test('what is still held meanwhile can be settled, and the group goes where it was told to all the same', async () => {
  const leased = await leasedAll();
  const { sought } = await begunToSeek('earliest');
  const answers = await under.engine.settle(
    'a',
    leased.map(({ token }) => token),
    acknowledged,
  );
  assert.equal(answers.filter(({ ok }) => ok).length, messages - returnedPerTurnMax);
  under.clock.advance(1_000);
  const { position, lagMessages } = await sought;
  assert.deepEqual({ position, lagMessages }, { position: 1, lagMessages: messages });
});

test('where all that was there left meanwhile the group begins behind it, and none of it counts as its lag', async () => {
  await leasedAll();
  const { sought } = await begunToSeek('earliest');
  await under.engine.purge('a');
  under.clock.advance(1_000);
  const { position, lagMessages } = await sought;
  assert.deepEqual({ position, lagMessages }, { position: messages + 1, lagMessages: 0 });
});

test('who seeks hears where the group goes on and how much that is, also where a consumer is through with it a moment later', async () => {
  under = await new TestEngine().open();
  await under.engine.declare('a', { kind: 'log', bindings: [{ filter: 'a' }], group: { start: 'earliest' } });
  for (const payload of ['x', 'y']) await publish(under.engine.route('a'), messageOf(payload, { topic: 'a' }));
  const consumer = new RecordingConsumer('c', { acknowledges: true });
  await under.engine.consume('a', consumer, { credit: 10, group: 'g' });
  await consumer.delivery(2);
  const { position, lagMessages } = await under.engine.seek('a', 'g', 'earliest');
  assert.deepEqual({ position, lagMessages }, { position: 1, lagMessages: 2 });
  await consumer.delivery(4);
  assert.deepEqual(consumer.payloads, ['x', 'y', 'x', 'y']);
});

test('of two who let a group go elsewhere at a time, both hear of the later place', async () => {
  await leasedAll();
  const first = await begunToSeek('earliest');
  const second = under.engine.seek('a', 'g', 'latest');
  await turns();
  under.clock.advance(1_000);
  const positions = [await first.sought, await second].map(({ position }) => position);
  assert.deepEqual(positions, [messages + 1, messages + 1]);
});

test('of two who seek a group that is not there yet the later one says the place, and who consumes it meanwhile does not', async () => {
  under = await new TestEngine({ storage: new StorageDouble() }).open();
  await under.engine.declare('a', { kind: 'log', bindings: [{ filter: 'a' }], group: { start: 'latest' } });
  for (const payload of ['x', 'y']) await publish(under.engine.route('a'), messageOf(payload, { topic: 'a' }));
  await Promise.all([under.engine.seek('a', 'two', 'latest'), under.engine.seek('a', 'two', 'earliest')]);
  const consumed = under.engine.consume('a', new RecordingConsumer(), { credit: 0, group: 'one' });
  await Promise.all([consumed, under.engine.seek('a', 'one', 'earliest')]);
  const positions = (await under.engine.groups('a')).map(({ name, position }) => [name, position]);
  assert.deepEqual(positions, [
    ['one', 1],
    ['two', 1],
  ]);
});

test('a group that is removed meanwhile goes nowhere, and who sought hears of it', async () => {
  await leasedAll();
  const { sought } = await begunToSeek('latest');
  await under.engine.removeGroup('a', 'g');
  await assert.rejects(sought, { code: 'not_found' });
  under.clock.advance(1_000);
  assert.deepEqual(await under.engine.groups('a'), []);
});

test('after a stop or a crash in the middle of it the group is where it was, and has all of its messages', async () => {
  await leasedAll();
  const one = await begunToSeek('latest');
  await under.reopen();
  await assert.rejects(one.sought, { code: 'unavailable' });
  assert.equal((await under.engine.groups('a'))[0].position, 1);
  const { engine } = under;
  await engine.lease('a', { consumerId: 'c', group: 'g', max: messages, waitMs: 0 });
  void engine.seek('a', 'g', 'latest').catch(() => undefined);
  await under.crash();
  const [{ position, leased }] = await under.engine.groups('a');
  assert.deepEqual({ position: [1, messages + 1].includes(position), leased }, { position: true, leased: 0 });
});

/** Every message of a log has failed once in group `g`, and waits for another try. */
async function failedAll(): Promise<void> {
  const leased = await leasedAll();
  const tokens = leased.map(({ token }) => token);
  await under.engine.settle('a', tokens, { kind: 'failed', code: 'driver_failed', reason: 'not now' });
  assert.equal(rowsOf('group-states'), messages);
}

function rowsOf(table: 'groups' | 'group-states'): number {
  return under.environment.readKeys(table, Buffer.alloc(1), Buffer.alloc(20, 255), messages * 2).length;
}

const waiting = async (): Promise<number> => (await under.engine.groups('a'))[0].scheduled;

async function settledDown(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await under.commit.flushed();
    await turns(1);
  }
}

test('what a group has to come back to when it goes elsewhere is forgotten in steps', async () => {
  await failedAll();
  const sought = under.engine.seek('a', 'g', 'earliest');
  while ((await waiting()) === messages) await turns(1);
  assert.equal(await waiting(), messages - returnedPerTurnMax);
  const seen = await seenMeanwhile(waiting);
  assert.ok(largestStep(seen) > 0 && largestStep(seen) <= stepMsMax, `${largestStep(seen)} in one step`);
  assert.equal(seen.at(-1), 0);
  assert.equal((await sought).position, 1);
  await settledDown();
  assert.deepEqual([rowsOf('groups'), rowsOf('group-states')], [1, 0]);
  const [{ delivery }] = await under.engine.lease('a', { consumerId: 'c', group: 'g', max: 1, waitMs: 0 });
  assert.deepEqual([delivery.sequence, delivery.attempt], [1, 1]);
});

test('the rows of failures that are forgotten go in several commits, also of those that were not read again', async () => {
  const sizes: number[] = [];
  const began = ({ tables, values }: RowBatch): void => {
    sizes.push(tables.filter((table, at) => table === 'group-states' && values[at] === undefined).length);
  };
  const watch = { began, ended: () => undefined };
  under = await new TestEngine({ storage: new StorageDouble(), watch }).open();
  await failSome(2 * removedStatesMax + 100);
  await under.reopen();
  sizes.length = 0;
  await under.engine.seek('a', 'g', 'earliest');
  await settledDown();
  assert.deepEqual(
    sizes.filter((size) => size > 0),
    [removedStatesMax, removedStatesMax, 100],
  );
  assert.equal(rowsOf('group-states'), 0);
});

test('a crash at any step of it leaves the group where it was with its failures, or where it was to go without any', async () => {
  const seen = new Set<string>();
  for (let turn = 0; turn < 12; turn++) {
    under = await new TestEngine({ storage: new StorageDouble() }).open();
    await failSome(removedStatesMax + 100);
    void under.engine.seek('a', 'g', 'latest').catch(() => undefined);
    await turns(3);
    under.clock.advance(1);
    await turns(turn);
    await under.cutPower();
    const [{ position, scheduled }] = await under.engine.groups('a');
    seen.add(`${position} ${scheduled}`);
    await settledDown();
    assert.deepEqual([rowsOf('groups'), rowsOf('group-states')], [1, scheduled]);
    await under.close();
  }
  under = await new TestEngine({ storage: new StorageDouble() }).open();
  const all = removedStatesMax + 100;
  assert.deepEqual([...seen].sort(), [`1 ${all}`, `${all + 1} 0`]);
});

/** So many messages are in a log, and have failed in group `g`. */
async function failSome(count: number): Promise<void> {
  await under.engine.declare('a', {
    kind: 'log',
    bindings: [{ filter: 'a' }],
    group: { start: 'earliest' },
    maxInflightPerConsumer: messages,
  });
  const all = Array.from({ length: count }, (_, n) => messageOf(`${n}`, { topic: 'a' }));
  await Promise.all(all.map((message) => publish(under.engine.route('a'), message)));
  for (let failed = 0; failed < count; ) {
    const leased = await under.engine.lease('a', { consumerId: 'c', group: 'g', max: messages, waitMs: 0 });
    const tokens = leased.map(({ token }) => token);
    await under.engine.settle('a', tokens, { kind: 'failed', code: 'driver_failed', reason: 'not now' });
    failed += leased.length;
  }
}

test('a group that is made anew while the rows of one of its name are removed is there alone after a crash', async () => {
  const seen = new Set<string>();
  for (let turn = 0; turn < 16; turn++) {
    under = await new TestEngine({ storage: new StorageDouble() }).open();
    await failSome(3 * removedStatesMax);
    void under.engine.removeGroup('a', 'g').catch(() => undefined);
    void under.engine.seek('a', 'g', 'latest').catch(() => undefined);
    await turns(turn);
    await under.cutPower();
    const groups = await under.engine.groups('a');
    seen.add(groups.map(({ position, scheduled }) => `${position} ${scheduled}`).join());
    await settledDown();
    assert.deepEqual([rowsOf('groups'), rowsOf('group-states')], [groups.length, groups[0]?.scheduled ?? 0]);
    await under.close();
  }
  under = await new TestEngine({ storage: new StorageDouble() }).open();
  const all = 3 * removedStatesMax;
  // Before the removal, between the two, and anew.
  assert.deepEqual([...seen].sort(), ['', `1 ${all}`, `${all + 1} 0`]);
});

test('a removal of a group that a crash cut short is finished by the next start', async () => {
  under = await new TestEngine({ storage: new StorageDouble() }).open();
  await failSome(removedStatesMax + 100);
  void under.engine.removeGroup('a', 'g').catch(() => undefined);
  // The mark is on disk, and so are the last of its failures.
  while (rowsOf('group-states') > 100) await turns(1);
  await under.cutPower();
  assert.deepEqual(await under.engine.groups('a'), []);
  await settledDown();
  assert.deepEqual([rowsOf('groups'), rowsOf('group-states')], [0, 0]);
});

test('of two rows of one name, as a crash left them before, the later one is the group', async () => {
  under = await new TestEngine({ storage: new StorageDouble() }).open();
  await failSome(10);
  const [row] = under.environment.readRange('groups', Buffer.alloc(1), Buffer.alloc(20, 255), 1);
  const stored = decodeGroup(row.value);
  assert.ok(stored !== undefined);
  const later = groupKey(row.key.readUInt32BE(0), groupOfKey(row.key) + 1);
  under.commit.put('groups', later, encodeGroup({ ...stored, settled: new SettledRanges(6) }));
  await under.crash();
  assert.deepEqual(
    (await under.engine.groups('a')).map(({ name, position, scheduled }) => [name, position, scheduled]),
    [['g', 6, 0]],
  );
  await settledDown();
  assert.deepEqual([rowsOf('groups'), rowsOf('group-states')], [1, 0]);
});
