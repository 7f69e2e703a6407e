import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mode } from '../devices/device-type.ts';
import { SluiceError } from '../errors.ts';
import { emptyReading } from '../std/histogram.ts';
import { adviceFor, type Surroundings } from './advice.ts';
import { TestBench } from './testing/test-bench.ts';
import { WayNumbers, type WayReading, waysCountedMax } from './way-numbers.ts';
import type { Work } from './work.ts';

function advised(about: Partial<WayReading>, mode: Mode, surroundings: Partial<Surroundings> = {}): [Mode, string] {
  const way = {
    deviceType: 'meter',
    eventType: 'telemetry',
    perSecond: 50,
    peakPerSecond: 60,
    inline: emptyReading,
    queued: emptyReading,
    ...about,
  };
  const { perSecond, peakPerSecond } = way;
  const quiet = {
    backlog: 0,
    came: { perSecond, peakPerSecond },
    finishedPerSecond: perSecond,
    isProcessed: true,
    setAside: [],
    decodes: () => true,
    ways: [way],
  };
  const advice = adviceFor(way, mode, { ...quiet, ...surroundings });
  return [advice.advised, advice.because];
}

test('even traffic that inline answers keep up with is advised to go inline', () => {
  assert.deepEqual(advised({}, 'queued')[0], 'inline');
  assert.deepEqual(advised({}, 'auto')[0], 'auto');
  assert.match(
    advised({}, 'queued')[1],
    /^60 messages came in the busiest second, as evenly as the 50 of the usual one/,
  );
});

test('bursts are advised to be taken by the queue while they last', () => {
  const [mode, because] = advised({ perSecond: 20, peakPerSecond: 1_000 }, 'inline');
  assert.equal(mode, 'auto');
  assert.match(because, /^1000 messages came in the busiest second and 20 in the usual one/);
  assert.equal(advised({ perSecond: 0.5, peakPerSecond: 30 }, 'inline')[0], 'inline', 'thirty are no burst');
});

test('inline answers that take long are a reason for the queue, and so is a server that is at its limits', () => {
  const slow = { ...emptyReading, count: 10, p99: 900 };
  assert.deepEqual(advised({ inline: slow }, 'inline'), [
    'queued',
    '1 of 100 inline answers took 900 ms or more: devices wait for the pipeline',
  ]);
  const came = { perSecond: 5_000, peakPerSecond: 9_000 };
  assert.equal(advised({}, 'inline', { came })[0], 'auto');
  assert.equal(advised({}, 'queued', { came })[0], 'queued');
  assert.equal(advised({}, 'queued', { backlog: 5_000 })[0], 'queued');
  assert.deepEqual(advised({}, 'inline', { backlog: 5_000, finishedPerSecond: 12.34 }), [
    'auto',
    '5000 messages wait in the queue: more comes than is processed',
  ]);
});

test('a backlog that is worked off is no reason for another mode', () => {
  assert.deepEqual(advised({}, 'inline', { backlog: 5_000, finishedPerSecond: 812.34 }), [
    'inline',
    '5000 messages wait in the queue, fewer than before: 812.3 were processed in the usual second, and 50 came',
  ]);
});

test('what takes long by the queue is not advised to go inline without a way back', () => {
  const slow = { ...emptyReading, count: 10, p99: 11_812 };
  const [mode, because] = advised({ queued: slow }, 'queued');
  assert.equal(mode, 'auto');
  assert.match(because, /^1 of 100 messages took 11812 ms or more by the queue/);
  const quick = { ...emptyReading, count: 10, p99: 8 };
  assert.equal(advised({ queued: slow, inline: quick }, 'queued')[0], 'inline', 'inline answers have been seen');
  assert.equal(advised({ queued: quick }, 'queued')[0], 'inline');
});

test('what a driver holds up is not taken for load: the driver is named, and the mode stays', () => {
  const slow = { ...emptyReading, count: 10, p99: 2_100 };
  const timedOut = { driver: { id: 'probe', version: '1.0.0' }, count: 3, agoMs: 5_000 };
  for (const [about, mode, surroundings] of [
    [{ inline: slow, timedOut }, 'inline', {}],
    [{ queued: slow, timedOut }, 'queued', {}],
    [{ timedOut }, 'inline', { backlog: 5_000 }],
  ] as const) {
    const [advisedMode, because] = advised(about, mode, surroundings);
    assert.equal(advisedMode, mode);
    assert.match(
      because,
      /: driver "probe@1.0.0" ran out of time on 3 messages of meter of late, and others wait behind each; mend it first$/,
    );
    const [mendedMode, mended] = advised(about, mode, { ...surroundings, decodes: () => false });
    assert.equal(mendedMode, mode);
    assert.match(mended, /"probe@1.0.0", which is not in use any more, ran out of time .*; look again in a minute$/);
  }
  const past = { ...timedOut, agoMs: 60_000 };
  assert.match(advised({ timedOut: past }, 'inline', { backlog: 5_000 })[1], /more comes than is processed/);
  assert.match(advised({ timedOut: past, inline: slow }, 'inline')[1], /devices wait for the pipeline$/);
});

test('a driver that is set aside is the cause of what waits where its messages do, also for other device types', () => {
  const setAside = [{ driver: { id: 'probe', version: '1.0.0' }, deviceTypes: ['meter'], workers: [] }];
  const clause = 'driver "probe@1.0.0" is set aside for meter, since it hung or broke down again and again';
  assert.deepEqual(advised({}, 'inline', { setAside, backlog: 5_000 }), [
    'inline',
    `${clause}: mend it, no mode helps against that`,
  ]);
  const meter = { deviceType: 'meter', eventType: 'telemetry', perSecond: 1, peakPerSecond: 1 };
  const beside = (heldAgoMs: number | undefined) => {
    const ways = [{ ...meter, inline: emptyReading, queued: emptyReading, heldAgoMs }];
    return advised({ deviceType: 'tracker' }, 'queued', { setAside, backlog: 5_000, ways });
  };
  assert.deepEqual(beside(5_000), ['queued', `5000 messages wait in the queue, among them those of meter: ${clause}`]);
  for (const heldAgoMs of [undefined, 60_000]) {
    assert.deepEqual(beside(heldAgoMs), ['queued', '5000 messages wait in the queue: more comes than is processed']);
  }
});

test('which driver ran out of time is counted with the event type', () => {
  const numbers = new WayNumbers();
  const work = {
    known: { type: { name: 'meter' } },
    address: { eventType: 'telemetry' },
    lane: 'inline',
    enteredAt: 0,
  };
  const driver = { id: 'probe', version: '1.0.0' };
  const error = new SluiceError('driver_timeout', 'It hung');
  const hung = { kind: 'rejected', stage: 'decode', error } as const;
  numbers.tried({ ...work, driver } as Work, hung, 1_000);
  numbers.tried({ ...work, driver } as Work, hung, 2_000);
  assert.deepEqual(numbers.read(5_000)[0].timedOut, { driver, count: 2, agoMs: 3_000 });
  const newer = { id: 'probe', version: '1.1.0' };
  numbers.tried({ ...work, driver: newer } as Work, hung, 6_000);
  assert.deepEqual(numbers.read(6_000)[0].timedOut, { driver: newer, count: 1, agoMs: 0 }, 'each its own');
  numbers.tried({ ...work, driver: newer } as Work, hung, 66_000);
  assert.deepEqual(numbers.read(66_000)[0].timedOut?.count, 1, 'and those of late');
});

test('what is tried again and again has not come again, and is finished once', () => {
  const numbers = new WayNumbers();
  const work = {
    known: { type: { name: 'meter' } },
    address: { eventType: 'telemetry' },
    lane: 'queued',
    enteredAt: 900,
  } as Work;
  numbers.came('meter', 'telemetry', 1_000);
  const error = new SluiceError('driver_set_aside', 'Later');
  for (const at of [2_000, 3_000, 62_000]) numbers.tried(work, { kind: 'failed', stage: 'decode', error }, at);
  const [retried] = numbers.read(62_000);
  assert.deepEqual([retried.peakPerSecond, retried.queued.count, retried.heldAgoMs], [0, 0, 0]);
  assert.deepEqual(numbers.total(63_000), {
    came: { perSecond: 0, peakPerSecond: 0 },
    finishedPerSecond: 0,
    queueTriedAgoMs: 1_000,
  });
  numbers.tried(work, { kind: 'stored', outcome: 'applied' }, 63_000);
  assert.deepEqual([numbers.read(63_000)[0].queued.count, numbers.total(64_000).finishedPerSecond], [1, 1 / 60]);
});

test('of what did not come nothing is said', () => {
  assert.deepEqual(advised({ perSecond: 0, peakPerSecond: 0 }, 'queued'), [
    'queued',
    'Nothing came in the last minute',
  ]);
});

test('where messages wait and none was processed it does not say that nothing came', () => {
  const none = { perSecond: 0, peakPerSecond: 0 };
  const still = { backlog: 12, isProcessed: false };
  assert.match(advised(none, 'queued', still)[1], /^12 messages wait in the queue, and none was processed/);
  assert.match(advised({}, 'queued', still)[1], /^12 messages wait in the queue, and none was processed/);
  assert.match(advised(none, 'queued', { backlog: 12 })[1], /^Nothing came/);
});

test('advice is given for each event type by what was counted of it, with the mode that it has', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('a', { name: 'meter', mode: 'queued', eventTypes: { telemetry: { mode: 'inline' } } });
  await bench.publish(...Array.from({ length: 5 }, (_, v) => bench.message('a', { v })));
  await bench.publish({ ...bench.message('a', { v: 1 }), topic: 'devices/a/events/alarm' });
  await bench.deliver(...bench.queue.admitted);
  bench.clock.advance(1_000);
  const { advice } = await bench.pipeline.advisor.advise();
  assert.deepEqual(
    advice.map(({ eventType, mode, peakPerSecond, inlineMsP99, queuedMsP99 }) => [
      eventType,
      mode,
      peakPerSecond,
      inlineMsP99 !== undefined,
      queuedMsP99 !== undefined,
    ]),
    [
      ['telemetry', 'inline', 5, true, false],
      ['alarm', 'queued', 1, false, true],
    ],
  );
});

test('what has come and is not done yet has come, by whatever way, and what is only processed now has not', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('q', { name: 'queued', mode: 'queued' });
  await bench.device('i', { name: 'inline', mode: 'inline' });
  const peaks = async (): Promise<unknown> => {
    const { advice } = await bench.pipeline.advisor.advise();
    return advice.map(({ deviceType, peakPerSecond, because }) => [deviceType, peakPerSecond, because.split(' ')[0]]);
  };
  await bench.publish(...Array.from({ length: 3 }, (_, v) => bench.message('q', { v })));
  await bench.publish(bench.message('i', { v: 0 }));
  const gate = Promise.withResolvers<void>();
  bench.drivers.gate = gate.promise;
  const inWork = bench.publish(...Array.from({ length: 2 }, (_, v) => bench.message('i', { v: v + 1 })));
  assert.deepEqual(await peaks(), [
    ['queued', 3, '3'],
    ['inline', 3, '3'],
  ]);
  gate.resolve();
  await inWork;
  bench.clock.advance(120_000);
  await bench.deliver(bench.message('q', { v: 9 }));
  assert.deepEqual(await peaks(), [
    ['queued', 0, 'Nothing'],
    ['inline', 0, 'Nothing'],
  ]);
});

test('event types that nobody named cannot fill the memory', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('a', { name: 'meter' });
  const topics = Array.from({ length: waysCountedMax + 50 }, (_, i) => `devices/a/events/e${i}`);
  await bench.publish(...topics.map((topic, v) => ({ ...bench.message('a', { v }), topic })));
  const { advice, omitted } = await bench.pipeline.advisor.advise();
  assert.deepEqual([advice.length, omitted], [waysCountedMax, 50]);
});
