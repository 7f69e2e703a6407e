import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import type { DecodeRequest, DecodeResult } from '../driver.ts';
import { Batch, type WorkItem } from './batch.ts';
import { type Head, type Job, tasksOf } from './job.ts';
import type { Runner, RunnerEvents } from './runner.ts';
import { SchemaNumbers } from './schema-numbers.ts';
import { Slot } from './slot.ts';

test('messages travel as one job, and their results come back to their places', async () => {
  const world = new World();
  const done = world.decode([1, 2, 3]);
  world.runner.ready();
  assert.equal(world.runner.jobs.length, 1);
  assert.deepEqual(world.runner.seen(), [1, 2, 3]);
  world.runner.answer();
  assert.deepEqual(outcomes(await done), ['1', '2', '3']);
});

test('messages of one script stand side by side in a job, and results still keep their places', async () => {
  const world = new World();
  const done = world.decode([1, 2, 3, 4], [7, 5, 7, 5]);
  world.runner.ready();
  assert.deepEqual(world.runner.seen(), [2, 4, 1, 3]);
  world.runner.answer();
  assert.deepEqual(outcomes(await done), ['1', '2', '3', '4']);
});

test('the message at which a runner hangs is timed out at once, all others are decoded by the next runner', async () => {
  const world = new World();
  const done = world.decode([1, 2, 3]);
  world.runner.ready();
  world.runner.at = { first: 1, count: 1 };
  world.hang();
  assert.equal(world.runners[0].isKilled, true);
  world.runner.ready();
  assert.deepEqual(world.runner.seen(), [1, 3]);
  world.runner.answer();
  assert.deepEqual(outcomes(await done), ['1', 'driver_timeout', '3']);
  assert.deepEqual([world.strikes, world.breakdowns], [[2], [2]]);
});

test('a message without a time box that hangs a runner is tried once more in one before it is blamed', async () => {
  const world = new World();
  const done = world.decode([1, 2, 3, 4], [3, 3, 5, 5], {}, 1, false);
  world.runner.ready();
  assert.equal(world.runner.job.untold, 2);
  world.hang();
  world.runner.ready();
  for (const name of [1, 2]) {
    const [head] = JSON.parse(world.runner.job.heads) as Head[];
    assert.deepEqual([world.runner.seen(), head.alone, head.boxed, world.runner.job.untold], [[name], true, true, 0]);
    world.runner.answer();
  }
  assert.deepEqual(world.runner.seen(), [3, 4]);
  world.runner.answer();
  assert.deepEqual(outcomes(await done), ['1', '2', '3', '4']);
  assert.deepEqual(world.strikes, []);
});

test('a message that ran out of time says of how many tries, and what they took by the clock', async () => {
  const world = new World();
  const done = world.decode([1], [3], {}, 1, false);
  world.runner.ready();
  world.runner.at = { first: 0, count: 1 };
  world.processorShare = 0.25;
  world.clock.advance(2.5 * hangMs);
  world.runner.ready();
  const verdict = { ok: false, stage: 'decode', code: 'driver_timeout', reason: 'It did not answer within 100 ms' };
  world.runner.answerWith([{ ...verdict, triedMs: 130.4 }]);
  const [result] = await done;
  assert.equal(result.ok || result.reason, 'It did not answer within 100 ms (tries: 2, together 3630 ms by the clock)');
});

test('what a job did not try any more is told what is known once all of the job has counted', async () => {
  const world = new World();
  const done = world.decode([1, 2, 3]);
  world.runner.ready();
  const untried = {
    ok: false,
    stage: 'decode',
    code: 'driver_set_aside',
    reason: 'Send the message again later',
  } as const;
  world.refusals.set(1, { ...untried, reason: 'Send the message again after noon' });
  world.refusals.set(3, { ...untried, reason: 'Send the message again after noon' });
  const timedOut = { ...untried, code: 'driver_timeout' };
  world.runner.answerWith([untried, untried, timedOut]);
  const results = await done;
  assert.deepEqual(
    results.map((result) => result.ok || [result.code, result.reason.replace(/ \(.*/, '')]),
    [
      ['driver_set_aside', 'Send the message again after noon'],
      ['driver_set_aside', 'Send the message again later'],
      ['driver_timeout', 'Send the message again later'],
    ],
  );
});

test('a runner that was stopped and goes on is not taken for one that hangs', async () => {
  const world = new World();
  const done = world.decode([1]);
  world.runner.ready();
  world.processorShare = 0;
  world.clock.advance(4 * hangMs);
  assert.equal(world.runner.isKilled, false);
  world.processorShare = 0.1;
  world.clock.advance(hangMs / 2);
  world.runner.answer();
  assert.deepEqual(outcomes(await done), ['1']);
});

test('a runner that stays stopped is replaced, its messages are tried again one by one, and none is blamed', async () => {
  const world = new World();
  const done = world.decode([1, 2, 3], [3, 3, 5]);
  world.runner.ready();
  world.processorShare = 0;
  world.clock.advance(5 * hangMs);
  assert.equal(world.runners[0].isKilled, true);
  world.runner.ready();
  for (const seen of [[1], [2], [3]]) {
    assert.deepEqual(world.runner.seen(), seen);
    world.runner.answer();
  }
  assert.deepEqual([outcomes(await done), world.strikes], [['1', '2', '3'], []]);
});

test('a message without end is blamed for the processor time that it took, however long it waited for the processor', async () => {
  const world = new World();
  const done = world.decode([1]);
  world.runner.ready();
  world.processorShare = 0.25;
  world.clock.advance(1.5 * hangMs);
  assert.equal(world.runner.isKilled, false);
  world.clock.advance(hangMs);
  assert.deepEqual([outcomes(await done), world.strikes], [['driver_timeout'], [1]]);
});

test('messages whose runners are all stopped come back as not tried', async () => {
  const world = new World();
  const done = world.decode([1, 2]);
  world.processorShare = 0;
  for (let failure = 0; failure < 3; failure++) {
    world.runner.ready();
    world.runner.at = { first: 0, count: 1 };
    world.clock.advance(6 * hangMs);
  }
  assert.deepEqual([outcomes(await done), world.strikes], [['unavailable', 'unavailable'], []]);
});

test('where the system keeps no account of processor time a message is tried once more before it is blamed', async () => {
  const world = new World();
  const done = world.decode([1]);
  world.runner.ready();
  world.processorShare = undefined;
  world.clock.advance(hangMs);
  assert.equal(world.runners[0].isKilled, true);
  world.runner.ready();
  world.runner.at = { first: 0, count: 1 };
  world.clock.advance(2 * hangMs);
  assert.deepEqual([outcomes(await done), world.strikes], [['driver_timeout'], [1]]);
});

test('a runner that moves on is not taken for one that hangs', () => {
  const world = new World();
  world.decode([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  world.runner.ready();
  for (let first = 1; first < 9; first++) {
    world.runner.at = { first, count: 1 };
    world.clock.advance(hangMs / 2);
  }
  assert.equal(world.runner.isKilled, false);
});

test('when a runner dies its message is tried once more by itself before it is blamed', async () => {
  const world = new World();
  const done = world.decode([1, 2, 3]);
  world.runner.ready();
  world.runner.at = { first: 1, count: 1 };
  world.runner.die();
  world.runner.ready();
  assert.deepEqual(world.runner.seen(), [1]);
  world.runner.answer();
  assert.deepEqual(world.runner.seen(), [2]);
  world.runner.at = { first: 0, count: 1 };
  world.runner.die();
  world.runner.ready();
  assert.deepEqual(world.runner.seen(), [3]);
  world.runner.answer();
  assert.deepEqual(outcomes(await done), ['1', 'driver_failed', '3']);
  assert.deepEqual(world.strikes, [2]);
});

test('when a runner dies at a group of messages each of them is tried by itself, and the innocent are kept', async () => {
  const world = new World();
  const done = world.decode([1, 2, 3, 4]);
  world.runner.ready();
  world.runner.at = { first: 1, count: 3 };
  world.runner.die();
  world.runner.ready();
  const jobs: number[][] = [];
  for (let job = 0; job < 4; job++) {
    jobs.push(world.runner.seen());
    world.runner.answer();
  }
  assert.deepEqual(jobs, [[1], [2], [3], [4]]);
  assert.deepEqual(outcomes(await done), ['1', '2', '3', '4']);
  assert.deepEqual(world.strikes, []);
});

test('a runner that never starts gives its messages back as not tried, and the next message tries again', async () => {
  const world = new World();
  const done = world.decode([1, 2]);
  for (let failure = 0; failure < 3; failure++) world.runner.die();
  assert.deepEqual(outcomes(await done), ['unavailable', 'unavailable']);
  const later = world.decode([3]);
  world.runner.ready();
  world.runner.answer();
  assert.deepEqual(outcomes(await later), ['3']);
});

test('stopping settles what waits and what is under way, and ends the runner', async () => {
  const world = new World();
  const done = world.decode([1, 2]);
  world.runner.ready();
  const more = world.decode([3]);
  await world.slot.stop();
  assert.deepEqual(outcomes(await done), ['unavailable', 'unavailable']);
  assert.deepEqual(outcomes(await more), ['unavailable']);
  assert.equal(world.runner.isKilled, true);
});

test('a script and a schema set cross once to each runner', async () => {
  const world = new World();
  const schemas = { telemetry: { type: 'object' } };
  const first = world.decode([1, 2], [9, 9], schemas);
  world.runner.ready();
  assert.deepEqual(sent(world.runner.job), { scripts: [9], schemas: [0] });
  world.runner.answer();
  await first;
  const second = world.decode([3], [9], { telemetry: { type: 'object' } });
  assert.deepEqual(sent(world.runner.job), { scripts: [], schemas: [] });
  world.runner.die();
  world.runner.ready();
  assert.deepEqual(sent(world.runner.job), { scripts: [9], schemas: [0] });
  world.runner.answer();
  await second;
});

test('a job takes at most 500 messages and 4 MiB', () => {
  const world = new World();
  world.decode(Array.from({ length: 1200 }, (_, index) => index % 250));
  world.runner.ready();
  assert.equal(world.runner.seen().length, 500);
  const large = new World();
  large.decode([1, 2, 3], undefined, {}, 2 * 1024 * 1024 + 1);
  large.runner.ready();
  assert.equal(large.runner.seen().length, 1);
});

const hangMs = 2000;

/** A slot with runners that do what the test says. */
class World {
  readonly clock = new SimulatedClock();
  readonly runners: FakeRunner[] = [];
  readonly strikes: number[] = [];
  /** Of these, the ones that took their runner along. */
  readonly breakdowns: number[] = [];
  /** By the name of the message, once there was a strike. */
  readonly refusals = new Map<number, DecodeResult>();
  #processorShare: number | undefined = 1;
  #processorSince = 0;
  #processorBefore = 0;
  readonly slot = new Slot({
    name: 'test',
    start: (events) => {
      const runner = new FakeRunner(events, (): number | undefined => this.#processorMs());
      this.runners.push(runner);
      return runner;
    },
    schemas: new SchemaNumbers(),
    hangMs: () => hangMs,
    clock: this.clock,
    log: silentLog,
    settle: (item, result) => item.batch.settle(item.position, result),
    refuse: ({ request }) => (this.strikes.length === 0 ? undefined : this.refusals.get(request?.bytes[0] ?? -1)),
    strike: (item, tookRunner) => {
      const name = item.request?.bytes[0] ?? -1;
      this.strikes.push(name);
      if (tookRunner) this.breakdowns.push(name);
    },
  });

  get runner(): FakeRunner {
    return this.runners[this.runners.length - 1];
  }

  /** Offers messages whose first byte is their name. */
  decode(
    names: readonly number[],
    drivers?: readonly number[],
    schemas = {},
    size = 1,
    boxed = true,
  ): Promise<readonly DecodeResult[]> {
    const batch = new Batch(names.length);
    for (const [position, name] of names.entries()) {
      const number = drivers?.[position] ?? 3;
      const driver = { id: `d${number}`, version: '1.0.0', deviceType: 'x', firmware: '*', number, script: 'text' };
      const request = { ...message, bytes: new Uint8Array(size).fill(name), schemas, driver };
      this.slot.push({ driver, request, batch, position, alone: false, boxed } satisfies WorkItem);
    }
    this.slot.pump();
    return batch.done;
  }

  /** How much of the time runners have the processor from now on; undefined where the system does not say. */
  set processorShare(share: number | undefined) {
    this.#processorBefore = this.#processorMs() ?? 0;
    this.#processorSince = this.clock.now();
    this.#processorShare = share;
  }

  #processorMs(): number | undefined {
    if (this.#processorShare === undefined) return undefined;
    return this.#processorBefore + (this.clock.now() - this.#processorSince) * this.#processorShare;
  }

  hang(): void {
    for (let look = 0; look < 12 && !this.runners[0].isKilled; look++) this.clock.advance(hangMs / 4);
  }
}

class FakeRunner implements Runner {
  readonly jobs: Job[] = [];
  readonly #events: RunnerEvents;
  at = { first: 0, count: 0 };
  isKilled = false;

  readonly processorMs: () => number | undefined;

  constructor(events: RunnerEvents, processorMs: () => number | undefined) {
    this.#events = events;
    this.processorMs = processorMs;
  }

  get job(): Job {
    return this.jobs[this.jobs.length - 1];
  }

  /** First bytes of the messages of the job at hand. */
  seen(): number[] {
    return tasksOf(this.job).map(({ bytes }) => bytes[0]);
  }

  ready(): void {
    this.#events.ready();
  }

  answer(): void {
    const results = this.seen().map((name) => ({ ok: true, readings: [], warnings: [String(name)] }));
    this.answerWith(results);
  }

  answerWith(results: readonly object[]): void {
    this.#events.done(JSON.stringify(results));
  }

  die(): void {
    this.#events.gone('out of memory');
  }

  progress(): { first: number; count: number } {
    return this.at;
  }

  post(job: Job): void {
    this.at = { first: 0, count: job.untold };
    this.jobs.push(job);
  }

  async kill(): Promise<void> {
    this.isKilled = true;
  }
}

const message: Omit<DecodeRequest, 'driver'> = {
  bytes: new Uint8Array(1),
  fPort: 1,
  receivedAt: 0,
  topic: 'devices/d/telemetry',
  contentType: undefined,
  eventType: 'telemetry',
  device: { id: 'd', type: 'x', firmwareVersion: undefined, attributes: {} },
  schemas: {},
  schemaPolicy: 'enforce',
};

/** The name of each message that was decoded, or the code of what became of it. */
function outcomes(results: readonly DecodeResult[]): string[] {
  return results.map((result) => (result.ok ? result.warnings[0] : result.code));
}

function sent(job: Job): { scripts: number[]; schemas: number[] } {
  const heads: Head[] = JSON.parse(job.heads);
  assert.ok(heads.length > 0);
  return { scripts: job.scripts.map(({ driver }) => driver), schemas: job.schemas.map(([number]) => number) };
}
