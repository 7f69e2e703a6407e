import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Random } from '../../../std/testing/random.ts';
import { forSeedsInTurn } from '../../../std/testing/seed.ts';
import { StorageDouble } from '../../../storage/testing/storage-double.ts';
import type { Engine } from '../../engine.ts';
import { messageOf } from '../../testing/recording-consumer.ts';
import { checkQueues } from '../check/check-queues.ts';
import { storedRows } from '../testing/stored-rows.ts';
import { TestEngine } from '../testing/test-engine.ts';

const kept = 'kept';

let under: TestEngine;
beforeEach(async () => {
  under = await new TestEngine().open();
  await declareLog(under.engine, { messages: 10 });
});
afterEach(() => under.close());

async function declareLog(engine: Engine, retention: { messages?: number; compact?: 'topic' }): Promise<void> {
  await engine.declare(kept, { kind: 'log', deadLetter: null, retention });
  await engine.declare('work', { deadLetter: kept });
}

function bury(engine: Engine, fingerprint: string, topic?: string): Promise<void> {
  const death = { code: 'c', reason: 'r', headers: [['fingerprint', fingerprint]] as [string, string][] };
  return engine.bury('work', { ...messageOf('x'), ...(topic !== undefined && { topic }) }, death);
}

async function counts(engine: Engine, recount = false): Promise<Record<string, number>> {
  const { groups } = await engine.deadLetterGroups(kept, { recount });
  return Object.fromEntries(groups.map(({ fingerprint, count }) => [fingerprint, count] as const).sort());
}

/** By looking at each. */
async function present(engine: Engine): Promise<Record<string, number>> {
  const { messages } = await engine.browse(kept, { from: 0, limit: 100_000 });
  const fingerprints = messages.map(({ death }) => death?.headers.find(([name]) => name === 'fingerprint')?.[1] ?? '');
  const found = Map.groupBy(fingerprints, (fingerprint) => fingerprint);
  return Object.fromEntries([...found].map(([fingerprint, all]) => [fingerprint, all.length] as const).sort());
}

test('dead letters in a log are counted by their cause as they come, and as retention takes them', async () => {
  for (let n = 0; n < 8; n++) await bury(under.engine, 'early');
  for (let n = 0; n < 6; n++) await bury(under.engine, 'late');
  // What is beyond the retention leaves in a turn of its own.
  while ((await under.engine.stats(kept)).ready > 10) await under.commit.flushed();
  assert.deepEqual(await counts(under.engine), { early: 4, late: 6 });
  const { groups } = await under.engine.deadLetterGroups(kept);
  assert.equal(groups.find(({ fingerprint }) => fingerprint === 'early')?.left.expired, 4);
  const { deadLetterCauses, deadLetterGroups } = await under.engine.stats('work');
  assert.deepEqual([deadLetterCauses, deadLetterGroups.map(({ messages }) => messages)], [2, [6, 4]]);
  assert.equal(await under.engine.purge(kept), 10);
  const { closed } = await under.engine.deadLetterGroups(kept);
  assert.deepEqual(closed.map(({ fingerprint, left }) => [fingerprint, left.discarded]).sort(), [
    ['early', 4],
    ['late', 6],
  ]);
  await under.commit.flushed();
  assert.deepEqual([...checkQueues(storedRows(under.environment))], []);
});

test('after a restart, clean or not, the groups of a log are those of before, without looking at its messages', async () => {
  for (const fingerprint of ['f1', 'f2', 'f2']) await bury(under.engine, fingerprint);
  await under.commit.flushed();
  await under.crash();
  assert.equal((await under.engine.stats('work')).deadLetterCauses, 2);
  assert.deepEqual(await counts(under.engine), { f1: 1, f2: 2 });
  await under.reopen();
  assert.equal((await under.engine.stats('work')).deadLetterCauses, 2);
});

test('whatever comes, is retained, compacted, purged, counted anew or cut off, the groups of a log are what is there', async () => {
  await forSeedsInTurn(20, async (random) => {
    const world = await new TestEngine({ random, storage: new StorageDouble() }).open();
    await declareLog(world.engine, random.chance(50) ? { messages: random.between(5, 60) } : { compact: 'topic' });
    for (let step = 0; step < 60; step++) await oneStep(world, random);
    await world.cutPower();
    const said = await counts(world.engine);
    assert.deepEqual(await present(world.engine), said);
    assert.deepEqual(await counts(world.engine, true), said);
    // Opening and closing check that the rows agree with the messages.
    await world.close();
  });
});

async function oneStep(world: TestEngine, random: Random): Promise<void> {
  const { engine } = world;
  const step = random.between(0, 9);
  if (step < 6) {
    for (let n = random.between(1, 30); n > 0; n--) {
      void bury(engine, `f${random.between(1, 5)}`, `t/${random.between(1, 9)}`);
    }
  } else if (step === 6) void engine.deadLetterGroups(kept, { recount: true });
  else if (step === 7) world.clock.advance(2_000);
  else if (step === 8 && random.chance(20)) void engine.purge(kept);
  else if (random.chance(15)) await world.cutPower();
  else await world.commit.flushed();
}
