import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../std/clock.ts';
import { emptyReading } from '../std/histogram.ts';
import { silentLog } from '../std/log.ts';
import type { QueueEvent } from './engine.ts';
import type { GivenQueueOptions } from './options.ts';
import type { QueueStats } from './queue-stats.ts';
import { QueueWatch, watchMs } from './queue-watch.ts';
import { idleGroup, noStats, ScriptedQueues } from './testing/scripted-queues.ts';

class Scene {
  readonly clock = new SimulatedClock();
  readonly queues = new ScriptedQueues();
  readonly events: QueueEvent[] = [];
  readonly watch = new QueueWatch({
    engine: this.queues,
    commitUs: () => ({ ...emptyReading, count: 3, max: 900 }),
    onEvent: (event) => this.events.push(event),
    clock: this.clock,
    log: silentLog,
  });

  /** One look at a queue `jobs` with these numbers, `watchMs` after the one before. */
  async see(stats: Partial<QueueStats>, options?: GivenQueueOptions): Promise<void> {
    this.clock.advance(watchMs);
    this.queues.set('jobs', stats, options);
    await this.watch.look();
  }

  takeEvents(): unknown[] {
    return this.events.splice(0).map(({ kind, detail }) => ({ kind, ...detail }));
  }
}

test('rates are what the totals grew by over the last half minute', async () => {
  const scene = new Scene();
  for (let look = 0; look <= 20; look++) {
    const dropped = { ...noStats.dropped, overflow: look * 10 };
    await scene.see({ enqueued: look * 500, acknowledged: look < 10 ? 0 : (look - 10) * 250, dropped });
  }
  const { perSecond } = await scene.watch.numbers('jobs');
  assert.deepEqual([perSecond.enqueued, perSecond.acknowledged, perSecond.failed], [100, 50, 0]);
  assert.deepEqual([perSecond.dropped.overflow, perSecond.dropped.purged], [2, 0]);
});

test('the time to drain is what waits by how much less it gets, and there is none where it does not', async () => {
  const scene = new Scene();
  await scene.see({ ready: 1_000 });
  await scene.see({ ready: 900, leased: 0, enqueued: 400, acknowledged: 500 });
  assert.equal((await scene.watch.numbers('jobs')).timeToDrainMs, 45_000);
  await scene.see({ ready: 900, enqueued: 9_400, acknowledged: 1_000 });
  assert.equal((await scene.watch.numbers('jobs')).timeToDrainMs, null);
  await scene.see({ ready: 0, enqueued: 9_400, acknowledged: 10_400 });
  assert.equal((await scene.watch.numbers('jobs')).timeToDrainMs, 0);
});

test('a queue says once that it is full, and once that there is room, well below the limit', async () => {
  const scene = new Scene();
  const options = { limits: { messages: 100, bytes: 0 } };
  await scene.see({ ready: 50 }, options);
  await scene.see({ ready: 60, leased: 40, bytes: 1_000 }, options);
  assert.equal((await scene.watch.numbers('jobs')).full, true);
  await scene.see({ ready: 95, rejected: 10 }, options);
  await scene.see({ ready: 100, rejected: 20 }, options);
  await scene.see({ ready: 95, rejected: 20 }, options);
  assert.deepEqual(scene.takeEvents(), [{ kind: 'full', messages: 100, bytes: 1_000 }]);
  await scene.see({ ready: 90, rejected: 20 }, options);
  await scene.see({ ready: 80, rejected: 20 }, options);
  assert.deepEqual(scene.takeEvents(), [{ kind: 'room', messages: 90, bytes: 0 }]);
});

test('a limit in bytes is met where a publish was refused; publishes refused without a limit fill nothing', async () => {
  const scene = new Scene();
  const options = { limits: { messages: 0, bytes: 1_000 } };
  await scene.see({ bytes: 950 }, options);
  await scene.see({ bytes: 950, rejected: 1 }, options);
  assert.deepEqual(scene.takeEvents(), [{ kind: 'full', messages: 0, bytes: 950 }]);
  await scene.see({ bytes: 950, rejected: 2 }, { limits: { messages: 0, bytes: 0 } });
  assert.deepEqual(scene.takeEvents(), [{ kind: 'room', messages: 0, bytes: 950 }]);
  await scene.see({ bytes: 950, rejected: 3 }, { limits: { messages: 0, bytes: 0 } });
  assert.deepEqual(scene.takeEvents(), []);
});

test('an alert is raised and cleared as an event, and shown meanwhile', async () => {
  const scene = new Scene();
  const options = { alerts: { depth: 10 } };
  for (let look = 0; look < 4; look++) await scene.see({ ready: 12 }, options);
  assert.deepEqual(scene.takeEvents(), [{ kind: 'alert-raised', alert: 'depth', met: 12, threshold: 10 }]);
  assert.deepEqual((await scene.watch.numbers('jobs')).alerts, ['depth']);
  for (let look = 0; look < 4; look++) await scene.see({ ready: 2 }, options);
  assert.deepEqual(scene.takeEvents(), [{ kind: 'alert-cleared', alert: 'depth', met: 2, threshold: 10 }]);
  assert.deepEqual((await scene.watch.numbers('jobs')).alerts, []);
});

test('an alert that may have been raised before a start is cleared behind it, of a queue that was there', async () => {
  const scene = new Scene();
  const options = { alerts: { depth: 10, deadLetters: 1 } };
  scene.queues.set('jobs', { ready: 2, deadLetters: 3 }, options);
  await scene.watch.start();
  scene.watch.stop();
  for (let look = 0; look < 4; look++) await scene.see({ ready: 2, deadLetters: 3 }, options);
  assert.deepEqual(scene.takeEvents(), [
    { kind: 'alert-cleared', alert: 'depth', met: 2, threshold: 10 },
    { kind: 'alert-raised', alert: 'dead-letters', met: 3, threshold: 1 },
  ]);
  scene.queues.set('later', { ready: 2 }, options);
  for (let look = 0; look < 4; look++) await scene.see({ ready: 2, deadLetters: 3 }, options);
  assert.deepEqual(scene.takeEvents(), []);
});

test('a queue that grows faster than it should says so, and by how much', async () => {
  const scene = new Scene();
  const options = { alerts: { growthPerMinute: 60 } };
  // What was there at the start is no growth.
  for (let look = 0; look < 7; look++) await scene.see({ ready: 5_000 + look * 4 }, options);
  assert.deepEqual(scene.takeEvents(), []);
  assert.equal((await scene.watch.numbers('jobs')).growthPerMinute, 48);
  for (let look = 0; look < 9; look++) await scene.see({ ready: 5_024 + look * 10 }, options);
  assert.deepEqual(
    scene.takeEvents().map((event) => [(event as { kind: string }).kind, (event as { alert: string }).alert]),
    [['alert-raised', 'growth']],
  );
  for (let look = 0; look < 9; look++) await scene.see({ ready: 5_000 - look * 10 }, options);
  assert.equal((await scene.watch.numbers('jobs')).growthPerMinute, -120);
  assert.deepEqual((await scene.watch.numbers('jobs')).alerts, []);
});

test('consumers that hold messages and answer none are stalled; leases that run out are no answer', async () => {
  const scene = new Scene();
  const options = { alerts: { stalledMs: 30_000 } };
  const kinds = (): unknown[] => scene.events.splice(0).map(({ kind, detail }) => `${kind} ${detail.alert}`);
  // Each look one lease runs out and is given again.
  for (let look = 0; look < 20; look++) {
    await scene.see({ leased: 5, delivered: 5 + look, leasesExpired: look, failed: look, consumers: 1 }, options);
  }
  assert.deepEqual(kinds(), ['alert-raised stalled']);
  for (let look = 0; look < 4; look++) {
    await scene.see({ leased: 5, delivered: 30 + look, leasesExpired: 19, acknowledged: look }, options);
  }
  assert.deepEqual(kinds(), ['alert-cleared stalled']);
});

test('the consumers that are needed follow from what was seen, and a paused queue needs no others', async () => {
  const scene = new Scene();
  const work = (look: number): Partial<QueueStats> => ({
    enqueued: look * 500,
    acknowledged: look * 500,
    consumers: 30,
    leased: 20,
    processingMs: { ...emptyReading, count: look * 500, sum: look * 500 * 200 },
  });
  for (let look = 0; look < 30; look++) await scene.see(work(look));
  // 100 a second at 0.2 s, with the 20 that are at work now done within a minute.
  assert.equal((await scene.watch.numbers('jobs')).desiredConsumers, Math.ceil(((100 + 20 / 60) * 0.2) / 0.8));
  const { desiredConsumers } = await scene.watch.numbers('jobs');
  for (let look = 0; look < 30; look++) await scene.see({ ...work(30), ready: 1e6 }, { paused: true });
  assert.equal((await scene.watch.numbers('jobs')).desiredConsumers, desiredConsumers);
});

test('of a log counts what each group has before it, not what is kept', async () => {
  const scene = new Scene();
  const group = { ...idleGroup, position: 1, consumers: 1 };
  const behind = (name: string, lagMessages: number, lagMs: number) =>
    ({ ...group, name, lagMessages, lagMs }) as const;
  scene.queues.groupsOfLogs = [behind('a', 10, 4_000), behind('b', 30, 9_000)];
  const options = { kind: 'log', alerts: { depth: 30, oldestAgeMs: 9_001 } } as const;
  for (let look = 0; look < 7; look++) {
    // Four messages a second come, each for two groups, which settle ten a second together.
    await scene.see({ ready: 1e6, oldestReadyAgeMs: 1e9, enqueued: look * 20, acknowledged: look * 50 }, options);
  }
  const numbers = await scene.watch.numbers('jobs');
  assert.deepEqual([numbers.alerts, numbers.timeToDrainMs], [['depth'], 20_000]);
  assert.deepEqual(
    numbers.groups.map(({ name, lagMessages }) => [name, lagMessages]),
    [
      ['a', 10],
      ['b', 30],
    ],
  );
});

test('where one consumer alone may work, one is asked for', async () => {
  const scene = new Scene();
  await scene.see({ ready: 5_000 }, { desiredConsumers: { messagesPerConsumer: 10 } });
  assert.equal((await scene.watch.numbers('jobs')).desiredConsumers, 100);
});

test('followers hear what their queue needs, and one that consumes counts as what it says, beside the other consumers', async () => {
  const scene = new Scene();
  const heard: number[] = [];
  scene.watch.follow('jobs', { consumers: 3, follow: (desired) => heard.push(desired) });
  scene.watch.follow('jobs', { follow: (desired) => heard.push(desired + 100) });
  // Nobody knows how long a message takes, so that those who are there are enough.
  await scene.see({ ready: 10, consumers: 1 });
  assert.deepEqual(heard, [3, 103]);
  await scene.see({ ready: 10, consumers: 2 });
  assert.deepEqual(heard.slice(2), [4, 104]);
});

test('a queue that is made again under its name begins anew', async () => {
  const scene = new Scene();
  await scene.see({ enqueued: 0 });
  await scene.see({ enqueued: 1_000 });
  scene.queues.set('jobs', { enqueued: 0 }, {}, 2);
  assert.equal((await scene.watch.numbers('jobs')).perSecond.enqueued, 0);
});

test('a queue that goes while all are looked at spoils nothing', async () => {
  const scene = new Scene();
  scene.queues.set('jobs', {});
  scene.queues.set('gone', {});
  const stats = scene.queues.stats.bind(scene.queues);
  scene.queues.stats = async (name) => {
    scene.queues.remove('gone');
    return stats(name);
  };
  await scene.watch.look();
  const { queues, left } = await scene.watch.first(1);
  assert.deepEqual([queues.map(({ name }) => name), left], [['jobs'], 0]);
});

test('it looks at the start, then every five seconds, and no more after the stop', async () => {
  const scene = new Scene();
  let looks = 0;
  scene.queues.list = async () => {
    looks++;
    return [];
  };
  await scene.watch.start();
  assert.equal(looks, 1);
  scene.clock.advance(watchMs);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(looks, 2);
  scene.watch.stop();
  scene.clock.advance(10 * watchMs);
  assert.equal(looks, 2);
});

test('each group of a log needs as many consumers as its own time for a message asks for', async () => {
  const scene = new Scene();
  // 100 messages a second come; one group takes 20 ms for each of them, the other one 400 ms.
  const group = (name: string, look: number, ms: number, consumers: number) => {
    const acknowledged = look * 500;
    return { ...idleGroup, name, consumers, acknowledged, heldMs: acknowledged * ms };
  };
  const look = async (at: number, options: GivenQueueOptions = {}): Promise<void> => {
    scene.queues.groupsOfLogs = [group('quick', at, 20, 50), group('slow', at, 400, 50)];
    await scene.see({ enqueued: at * 500, acknowledged: at * 1_000 }, { kind: 'log', ...options });
  };
  const desired = async (): Promise<(readonly [string, number])[]> =>
    (await scene.watch.numbers('jobs')).groups.map(({ name, desiredConsumers }) => [name, desiredConsumers] as const);
  for (let at = 0; at < 30; at++) await look(at);
  assert.deepEqual(await desired(), [
    ['quick', Math.ceil((100 * 0.02) / 0.8)],
    ['slow', Math.ceil((100 * 0.4) / 0.8)],
  ]);
  const together = Math.ceil((100 * 0.02) / 0.8) + Math.ceil((100 * 0.4) / 0.8);
  assert.equal((await scene.watch.numbers('jobs')).desiredConsumers, together);
  scene.queues.groupsOfLogs = [];
  await scene.see({ enqueued: 15_000 }, { kind: 'log' });
  scene.queues.groupsOfLogs = [{ ...idleGroup, name: 'slow', lagMessages: 5 }];
  assert.deepEqual(await desired(), [['slow', 0]]);
});
