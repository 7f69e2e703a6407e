import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { acknowledged } from '../../../message.ts';
import { stepMsMax } from '../../../std/step-time.ts';
import { StorageDouble } from '../../../storage/testing/storage-double.ts';
import type { GroupInfo, LeasedMessage } from '../../engine.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../../testing/recording-consumer.ts';
import { returnedPerTurnMax } from '../leavers.ts';
import { TestEngine } from '../testing/test-engine.ts';
import { groupOutstandingMax } from './group-selector.ts';

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

/** How many are held, at looks between which the engine does one step at most. */
async function heldMeanwhile(): Promise<readonly number[]> {
  const seen: Promise<number>[] = [];
  const look = (): void => {
    seen.push(held());
    if (seen.length < messages / 2) under.clock.after(0, look);
  };
  under.clock.after(0, look);
  under.clock.advance(1_000);
  return Promise.all(seen);
}

test('what is held when a group goes elsewhere is lost in steps, and nobody gets anything before the last is', async () => {
  await leasedAll();
  const { sought } = await begunToSeek('earliest');
  assert.equal(await held(), messages - returnedPerTurnMax);
  const next = new RecordingConsumer('next');
  await under.engine.consume('a', next, { credit: 1, group: 'g' });
  await turns();
  assert.deepEqual(next.payloads, []);
  const seen = await heldMeanwhile();
  const largest = Math.max(...seen.slice(1).map((after, n) => seen[n] - after));
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

test('of two who let a group go elsewhere at a time, both hear of the later place', async () => {
  await leasedAll();
  const first = await begunToSeek('earliest');
  const second = under.engine.seek('a', 'g', 'latest');
  await turns();
  under.clock.advance(1_000);
  const positions = [await first.sought, await second].map(({ position }) => position);
  assert.deepEqual(positions, [messages + 1, messages + 1]);
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
