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
    rejected: 0,
    failed: 0,
    ...about,
  };
  const quiet = { backlog: 0, peakPerSecond: way.peakPerSecond, setAside: [], ways: [way] };
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
  assert.equal(advised({}, 'inline', { peakPerSecond: 9_000 })[0], 'auto');
  assert.equal(advised({}, 'queued', { peakPerSecond: 9_000 })[0], 'queued');
  assert.equal(advised({}, 'queued', { backlog: 5_000 })[0], 'queued');
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
  const timedOut = { driver: 'probe@1.0.0', count: 3, agoMs: 5_000 };
  for (const [about, mode, surroundings] of [
    [{ inline: slow, timedOut }, 'inline', {}],
    [{ queued: slow, timedOut }, 'queued', {}],
    [{ timedOut }, 'inline', { backlog: 5_000 }],
  ] as const) {
    const [advisedMode, because] = advised(about, mode, surroundings);
    assert.equal(advisedMode, mode);
    assert.match(because, /: driver "probe@1.0.0" ran out of time on 3 messages of meter since the start/);
  }
  const past = { ...timedOut, agoMs: 600_000 };
  assert.match(advised({ timedOut: past }, 'inline', { backlog: 5_000 })[1], /more comes than is processed/);
});

test('a driver that is set aside is the cause of what waits, also for other device types', () => {
  const setAside = [{ driver: { id: 'probe', version: '1.0.0' }, deviceTypes: ['meter'], workers: [] }];
  const clause = 'driver "probe@1.0.0" is set aside for meter, since it hung or broke down again and again';
  assert.deepEqual(advised({}, 'inline', { setAside, backlog: 5_000 }), [
    'inline',
    `${clause}: mend it, no mode helps against that`,
  ]);
  assert.deepEqual(advised({ deviceType: 'tracker' }, 'inline', { setAside, backlog: 5_000 }), [
    'inline',
    `5000 messages wait in the queue: ${clause}`,
  ]);
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
  numbers.count({ ...work, driver } as Work, { kind: 'rejected', stage: 'decode', error }, 2_000);
  assert.deepEqual(numbers.read(5_000)[0].timedOut, { driver: 'probe@1.0.0', count: 1, agoMs: 3_000 });
});

test('of what did not come nothing is said', () => {
  assert.deepEqual(advised({ perSecond: 0, peakPerSecond: 0 }, 'queued'), [
    'queued',
    'Nothing came in the last minute',
  ]);
});

test('where messages wait and none was processed it does not say that nothing came', () => {
  const none = { perSecond: 0, peakPerSecond: 0 };
  assert.match(advised(none, 'queued', { backlog: 12 })[1], /^12 messages wait in the queue, and none was processed/);
  assert.match(advised(none, 'queued', { backlog: 12, peakPerSecond: 3 })[1], /^Nothing came/);
});

test('advice is given for each event type by what was counted of it, with the mode that it has', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('a', { name: 'meter', mode: 'queued', eventTypes: { telemetry: { mode: 'inline' } } });
  await bench.publish(...Array.from({ length: 5 }, (_, v) => bench.message('a', { v })));
  await bench.deliver({ ...bench.message('a', { v: 1 }), topic: 'devices/a/events/alarm' });
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

test('event types that nobody named cannot fill the memory', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('a', { name: 'meter' });
  const topics = Array.from({ length: waysCountedMax + 50 }, (_, i) => `devices/a/events/e${i}`);
  await bench.publish(...topics.map((topic, v) => ({ ...bench.message('a', { v }), topic })));
  const { advice, omitted } = await bench.pipeline.advisor.advise();
  assert.deepEqual([advice.length, omitted], [waysCountedMax, 50]);
});
