import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { RowBatch } from '../../../storage/row-batch.ts';
import { StorageDouble } from '../../../storage/testing/storage-double.ts';
import { messageOf, publish, turns } from '../../testing/recording-consumer.ts';
import { TestEngine } from '../testing/test-engine.ts';
import { removedStatesMax } from './group-removals.ts';
import { compactionDelayMs } from './log-upkeep.ts';

const failed = 2 * removedStatesMax + 100;
let under: TestEngine;
/** Rows of failures that each commit removed, of those that did. */
let removed: number[] = [];
afterEach(() => under.close());

/** One message of each key is in a log. */
async function fill(): Promise<void> {
  const all = Array.from({ length: failed }, (_, n) =>
    messageOf(`${n}`, { topic: 'a', properties: { userProperties: [['k', `${n}`]] } }),
  );
  await Promise.all(all.map((message) => publish(under.engine.route('a'), message)));
}

async function quiet(): Promise<void> {
  for (let turn = 0; turn < 60; turn++) {
    await under.commit.flushed();
    await turns(1);
  }
}

/** All messages of a log have failed in group `g`, and were compacted away since: newer ones of their keys are there. */
async function passedByCompaction(): Promise<void> {
  const began = ({ tables, values }: RowBatch): void => {
    const count = tables.filter((table, at) => table === 'group-states' && values[at] === undefined).length;
    if (count > 0) removed.push(count);
  };
  under = await new TestEngine({ storage: new StorageDouble(), watch: { began, ended: () => undefined } }).open();
  await under.engine.declare('a', {
    kind: 'log',
    bindings: [{ filter: 'a' }],
    group: { start: 'earliest' },
    retention: { compact: 'property:k' },
    maxInflightPerConsumer: failed,
  });
  await fill();
  for (let count = 0; count < failed; ) {
    const leased = await under.engine.lease('a', { consumerId: 'c', group: 'g', max: failed, waitMs: 0 });
    const tokens = leased.map(({ token }) => token);
    await under.engine.settle('a', tokens, { kind: 'failed', code: 'driver_failed', reason: 'not now' });
    count += leased.length;
  }
  // What failed is not in memory any more.
  await under.reopen();
  await fill();
  await quiet();
  under.clock.advance(compactionDelayMs);
  await quiet();
  assert.equal((await under.engine.stats('a')).ready, failed);
  assert.equal(rows(), failed);
  removed = [];
}

const rows = (): number =>
  under.environment.readKeys('group-states', Buffer.alloc(1), Buffer.alloc(20, 255), failed * 2).length;

const scheduled = async (): Promise<number> => (await under.engine.groups('a'))[0].scheduled;

/** The group comes to the first message that is there, past all that failed. */
async function comePast(): Promise<void> {
  const [{ delivery }] = await under.engine.lease('a', { consumerId: 'c', group: 'g', max: 1, waitMs: 0 });
  assert.ok(delivery.sequence > failed);
  assert.equal(delivery.attempt, 1);
}

/** Retention takes the first message that is there, and the log begins behind it. */
async function cutOff(): Promise<void> {
  await under.engine.declare('a', { retention: { compact: null, messages: failed - 1 } });
}

for (const [how, pass] of [
  ['that a group comes past, because they were compacted away,', comePast],
  ['that retention has made the log begin behind', cutOff],
] as const) {
  test(`failures of messages ${how} are forgotten in several commits, and wait for nothing meanwhile`, async () => {
    await passedByCompaction();
    await pass();
    while (removed.length === 0) await turns(1);
    assert.equal(await scheduled(), 0);
    await quiet();
    assert.deepEqual(removed, [removedStatesMax, removedStatesMax, 100]);
    assert.equal(rows(), 0);
  });
}

test('a crash or a stop at any step of it leaves rows that the next start forgets, and no failure of a message that is gone', async () => {
  const left = new Set<number>();
  for (let turn = 0; turn < 8; turn++) {
    await passedByCompaction();
    await cutOff();
    while (turn > 0 && removed.length === 0) await turns(1);
    await turns(turn);
    if (turn % 2 === 0) await under.cutPower();
    else await under.reopen();
    left.add(rows());
    assert.equal(await scheduled(), 0);
    await quiet();
    assert.equal(rows(), 0);
    await comePast();
    await under.close();
  }
  under = await new TestEngine({ storage: new StorageDouble() }).open();
  assert.ok(left.size > 2, `only ${[...left].join()} rows were left`);
});
