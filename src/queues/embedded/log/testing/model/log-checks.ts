import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { GroupInfo } from '../../../../engine.ts';
import { droppedOf } from '../../../../queue-stats.ts';
import { turns } from '../../../../testing/recording-consumer.ts';
import type { LogWorld } from './log-world.ts';
import type { ReferenceGroup } from './reference-group.ts';

/** Flushes in which what the engine has decided is written: a step of retention or compaction is a commit. */
const catchUpsMax = 12;

/** Everything that was begun is on disk, and nothing is done in the background. */
export async function quiesce(world: LogWorld): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    await world.under.commit.flushed();
    await turns(1);
  }
}

/** All counts of the log and of its groups are those of the reference, and what has to go has gone. */
export async function checkCounts(world: LogWorld): Promise<void> {
  for (let turn = 0; ; turn++) {
    const problem = (await logProblem(world)) ?? (await groupsProblem(world));
    if (problem === undefined) break;
    if (turn === catchUpsMax) throw new Error(problem);
    // What was flushed when its time was over already goes in the next millisecond.
    if (turn === catchUpsMax / 2) world.advance(1);
    await world.under.commit.flushed();
    await turns(1);
    if (world.problem !== undefined) throw world.problem;
  }
}

/** Every message is where the reference has it, and whoever could have one has one. */
export async function checkAll(world: LogWorld): Promise<void> {
  await quiesce(world);
  await checkCounts(world);
  await quiesce(world);
  world.log.settledDown();
  const { messages } = await world.under.engine.browse('log', { from: 0, limit: 100_000 });
  const found = messages.map(({ sequence, message }) => [sequence, message.payload.toString()]);
  const expected = [...world.log.present.values()].map(({ sequence, id }) => [sequence, id]);
  assert.deepEqual(found, expected, 'what is in the log');
  for (const group of world.log.groups.values()) checkNobodyIsForgotten(world, group);
}

async function logProblem(world: LogWorld): Promise<string | undefined> {
  const { log, under } = world;
  const stats = await under.engine.stats('log');
  assert.equal(world.presentAtStart + stats.enqueued, droppedOf(stats) + stats.ready, 'the log does not conserve');
  const met = [stats.ready, stats.bytes, stats.enqueued, droppedOf(stats)];
  const expected = [log.present.size, log.bytes, log.appended, log.removed];
  if (!isDeepStrictEqual(met, expected))
    return `messages, bytes, appended, removed are ${met.join()} and should be ${expected.join()}`;
  const overdue = log.overdue.map(({ sequence }) => sequence);
  return overdue.length === 0
    ? undefined
    : `${overdue.join()} are beyond ${JSON.stringify(log.options.retention)} and still there`;
}

async function groupsProblem(world: LogWorld): Promise<string | undefined> {
  const infos = await world.under.engine.groups('log');
  const names = infos.map(({ name }) => name);
  assert.deepEqual(names, [...world.log.groups.keys()].sort(), 'the groups that there are');
  for (const info of infos) {
    const problem = groupProblem(world, info, world.group(info.name));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function groupProblem(world: LogWorld, info: GroupInfo, group: ReferenceGroup): string | undefined {
  const met = [info.leased, info.acknowledged, info.failed, info.deadLettered];
  const expected = [group.leased, group.acknowledgedCount, group.failedCount, group.diedCount];
  if (!isDeepStrictEqual(met, expected))
    return `leased, acknowledged, failed, dead of ${info.name} are ${met.join()} and should be ${expected.join()}`;
  const { certain, doubtful } = group.lag;
  const { lagMessages } = info;
  if (lagMessages < certain || lagMessages > certain + doubtful)
    return `the lag of ${info.name} is ${lagMessages} and should be ${certain}, or up to ${doubtful} more`;
  const consumers = world.consumersOf(info.name).length;
  // Who leased and holds nothing is a consumer for a moment longer.
  const fewest = consumers + (world.leasesOf(info.name).size > 0 ? 1 : 0);
  return info.consumers === fewest || info.consumers === consumers + 1
    ? undefined
    : `${info.name} has ${info.consumers} consumers and should have ${fewest}`;
}

/** Where something could be delivered and a consumer has credit, it must have been. */
function checkNobodyIsForgotten(world: LogWorld, group: ReferenceGroup): void {
  const { paused, maxInflight } = world.log.options;
  if (paused || group.leased >= maxInflight) return;
  const waiting = world.consumersOf(group.name).filter(({ held, lost, credit }) => held.size + lost.length < credit);
  if (waiting.length === 0) return;
  assert.ok(!group.hasDeliverable, `a consumer of ${group.name} with credit waits, and something could be delivered`);
}
