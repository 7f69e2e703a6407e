import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeRollout } from '../devices/rollout.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { silentLog } from '../std/log.ts';
import type { DriverRef } from './driver.ts';
import { WorkerDriverHost } from './driver-host/host.ts';
import { DriverShelf, type DriverShelfParts } from './driver-shelf.ts';

const unproved = { examples: [], acceptFailing: false };

test('a driver whose examples fail is refused with the difference, and taken where that is accepted', async (t) => {
  const host = new WorkerDriverHost({ threads: 1, log: silentLog });
  t.after(() => host.stop());
  await host.start();
  const stored: string[] = [];
  const putDriver = async ({ version }: DriverRef): Promise<void> => void stored.push(version);
  const shelf = new DriverShelf({ host, registry: { putDriver }, log: silentLog } as unknown as DriverShelfParts);
  const script = 'function decodeUplink({ bytes }) { return { data: { level: bytes[0] } } }';
  const driver = { id: 'tank', version: '1.0.0', deviceType: 'tank', firmware: '*', script, createdAt: 0 };
  const examples = [
    { description: 'right', bytes: '07', output: { data: { level: 7 } } },
    { description: 'half full', bytes: '08', output: { data: { level: 4 } } },
  ];
  await assert.rejects(shelf.put(driver, { examples, acceptFailing: false }), ({ code, message, detail }) => {
    assert.equal(code, 'invalid_argument');
    assert.match(
      message,
      /1 of 2 .*"half full": expected \[\{"data":\{"level":4\}\}\], met \[\{"data":\{"level":8\}\}\]$/,
    );
    return detail.failedExamples[0].description === 'half full';
  });
  assert.deepEqual([host.resolve('tank', undefined, 'd')?.id, stored], ['json', []]);
  const failed = await shelf.put(driver, { examples, acceptFailing: true });
  assert.deepEqual(
    failed.map(({ description }) => description),
    ['half full'],
  );
  assert.deepEqual([host.resolve('tank', undefined, 'd')?.id, stored], ['tank', ['1.0.0']]);
  assert.deepEqual(await shelf.put(driver, { examples: examples.slice(0, 1), acceptFailing: false }), []);
  const other = { ...driver, script: script.replace('bytes[0]', '1') };
  await assert.rejects(shelf.put(other, { examples, acceptFailing: false }), {
    code: 'conflict',
    message: 'Give the driver a new version: "tank@1.0.0" exists already and differs',
  });
});

test('an example that nobody could read counts as one that fails, behind the question what the version stands for', async (t) => {
  const host = new WorkerDriverHost({ threads: 1, log: silentLog });
  t.after(() => host.stop());
  await host.start();
  const registry = { putDriver: async () => undefined };
  const shelf = new DriverShelf({ host, registry, log: silentLog } as unknown as DriverShelfParts);
  const script = 'function decodeUplink() { return { data: { level: 7 } } }';
  const driver = { id: 'tank', version: '1.0.0', deviceType: 'tank', firmware: '*', script, createdAt: 0 };
  const unusable = [{ description: 'Later', problem: 'It has no output' }];
  const examples = [{ description: 'right', bytes: '', output: { data: { level: 7 } } }];
  await assert.rejects(shelf.put(driver, { examples, unusable, acceptFailing: false }), {
    code: 'invalid_argument',
    message: /1 of 2 .*"Later": It has no output$/,
  });
  const failed = await shelf.put(driver, { examples, unusable, acceptFailing: true });
  assert.deepEqual(failed, [{ description: 'Later', problem: 'It has no output', ok: false }]);
  const other = { ...driver, script: `${script};` };
  await assert.rejects(shelf.put(other, { examples, unusable, acceptFailing: false }), { code: 'conflict' });
});

test('a canary that is turned off decodes nothing at once, and is told to be off when that is stored', async (t) => {
  const host = new WorkerDriverHost({ threads: 1, log: silentLog });
  t.after(() => host.stop());
  await host.start();
  const stored = Promise.withResolvers<boolean>();
  const parts = {
    host,
    rollouts: { putRollout: () => stored.promise },
    trials: { of: () => ({}) },
    workers: { setAside: () => [] },
    log: silentLog,
  };
  const shelf = new DriverShelf(parts as unknown as DriverShelfParts);
  const script = 'function decodeUplink() { return { data: { level: 7 } } }';
  const driver = { id: 'tank', version: '1.0.0', deviceType: 'tank', firmware: '*' };
  await host.add({ ...driver, script, rollout: { stage: 'canary', share: 1 } });
  assert.equal(host.resolve('tank', undefined, 'd')?.id, 'tank');
  const turnedOff = shelf.turnOff(driver, 'It fails');
  assert.equal(host.resolve('tank', undefined, 'd')?.id, 'json');
  assert.deepEqual(shelf.show(driver).rollout, { stage: 'canary', share: 1 });
  stored.resolve(true);
  await turnedOff;
  assert.deepEqual(shelf.show(driver).rollout, { stage: 'off', share: 0, reason: 'It fails' });
});

test('long answers to many examples hold up nobody, and are told of the first ones only', async (t) => {
  const host = new WorkerDriverHost({ threads: 1, log: silentLog });
  t.after(() => host.stop());
  await host.start();
  const putDriver = async (): Promise<void> => undefined;
  const shelf = new DriverShelf({ host, registry: { putDriver }, log: silentLog } as unknown as DriverShelfParts);
  const script = `function decodeUplink() {
    var data = {};
    for (var i = 0; i < 900; i++) data[i] = 'x'.repeat(200);
    return { data: data };
  }`;
  const driver = { id: 'tank', version: '1.0.0', deviceType: 'tank', firmware: '*', script, createdAt: 0 };
  const odd = { data: {}, warnings: [{ toString: 1 }] };
  const examples = Array.from({ length: 30 }, (_, at) => ({ description: `${at}`, bytes: '', output: odd }));
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  t.after(() => clearInterval(timer));
  const failed = await shelf.put(driver, {
    examples: examples.map((each) => ({ ...each, output: { data: {} } })),
    acceptFailing: true,
  });
  assert.ok(turns >= examples.length, `${turns} turns of others`);
  assert.equal(failed.filter(({ met }) => met !== undefined).length, 20);
  assert.match(failed[29].problem ?? '', /^expected \[\{"data":\{\}\}\], met \[\{"data":\{"0":"xxx/);
  assert.ok((failed[29].problem ?? '').length < 1_000);
  const [strange] = await shelf.put(driver, { examples: examples.slice(0, 1), acceptFailing: true });
  assert.deepEqual(strange.expected, { warnings: [{ toString: 1 }] });
});

test('a driver that cannot be stored decodes nothing, and one that was there already goes on', async (t) => {
  const host = new WorkerDriverHost({ threads: 1, log: silentLog });
  t.after(() => host.stop());
  await host.start();
  let isFull = false;
  const putDriver = async (): Promise<void> => {
    if (isFull) throw new Error('The disk is full');
  };
  const shelf = new DriverShelf({ host, registry: { putDriver }, log: silentLog } as unknown as DriverShelfParts);
  const driver = (version: string) => ({
    id: 'meter',
    version,
    deviceType: 'meter',
    firmware: '*',
    script: 'function decodeUplink() { return { data: {} } }',
    createdAt: 0,
  });
  await shelf.put(driver('1.0.0'), unproved);
  isFull = true;
  await assert.rejects(shelf.put(driver('2.0.0'), unproved), /disk is full/);
  await assert.rejects(shelf.put(driver('1.0.0'), unproved), /disk is full/);
  assert.equal(host.resolve('meter', undefined, 'd')?.version, '1.0.0');
});

test('the shelf shows which versions are on trial and which are set aside', () => {
  const listed = (version: string, setAsideFor: readonly string[]) => ({ id: 'meter', version, setAsideFor });
  const canary = { messages: 4, failed: 1, othersMessages: 9, othersFailed: 0 };
  const shelf = new DriverShelf({
    host: { drivers: () => [listed('1.0.0', ['tank']), listed('2.0.0', [])], choices: { decodes: () => true } },
    trials: {
      of: ({ version }: DriverRef) => ({ canary: version === '2.0.0' ? canary : undefined, shadow: undefined }),
    },
    workers: {
      setAside: ({ version }: DriverRef) =>
        version === '1.0.0' ? [{ worker: 'worker:w1', deviceTypes: ['tank', 'silo'] }] : [],
    },
  } as unknown as DriverShelfParts);
  assert.deepEqual(shelf.numbers(), {
    trials: [{ driver: { id: 'meter', version: '2.0.0' }, canary, shadow: undefined }],
    setAside: [{ driver: { id: 'meter', version: '1.0.0' }, deviceTypes: ['tank', 'silo'], workers: ['worker:w1'] }],
  });
});

test('a version that decodes nothing any more is not set aside, and is again once it is back within the minute', async (t) => {
  const host = new WorkerDriverHost({ threads: 1, timeoutMs: 20, log: silentLog, clock: standingClock });
  t.after(() => host.stop());
  await host.start();
  const parts = {
    host,
    registry: { putDriver: async () => undefined },
    rollouts: { putRollout: async () => true },
    trials: { of: () => ({}), forget: () => undefined },
    workers: {
      setAside: ({ id, version }: DriverRef) =>
        id === 'tank' && version === '1.0.0' ? [{ worker: 'worker:w1', deviceTypes: ['tank', 'silo'] }] : [],
    },
    log: silentLog,
  };
  const shelf = new DriverShelf(parts as unknown as DriverShelfParts);
  const script = 'function decodeUplink() { for (;;); }';
  const first = { id: 'tank', version: '1.0.0', deviceType: 'tank', firmware: '*', script, createdAt: 0 };
  const next = { ...first, version: '1.1.0' };
  const before = { id: 'tank', version: '1.0.0' };
  const said = (): unknown => [shelf.setAside(), shelf.show(before).setAsideFor, shelf.show(before).setAsideByWorkers];
  await shelf.put(first, unproved);
  const device = { id: 'd', type: 'tank', firmwareVersion: undefined, attributes: {} };
  const request = {
    driver: before,
    bytes: new Uint8Array(1),
    fPort: 1,
    receivedAt: 0,
    topic: 'devices/d/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device,
    schemas: {},
    schemaPolicy: 'off',
  } as const;
  await host.decode(new Array(9).fill(request));
  const workers = [{ worker: 'worker:w1', deviceTypes: ['tank'] }];
  const held = [[{ driver: before, deviceTypes: ['tank'], workers: ['worker:w1'] }], ['tank'], workers];
  assert.deepEqual(said(), held);
  await shelf.roll(before, { stage: 'off', share: 0 });
  assert.deepEqual(said(), [[], [], []]);
  await shelf.roll(before, activeRollout);
  assert.deepEqual(said(), held);
  await shelf.roll(before, { stage: 'shadow', share: 0 });
  assert.deepEqual(said(), [[], [], []]);
  await shelf.roll(before, activeRollout);
  await shelf.put(next, unproved);
  assert.deepEqual(said(), [[], [], []], 'another one has all of its messages');
});

/** Time passes for whoever waits for it, and no strike gets old, however busy the machine is. */
const standingClock: Clock = { now: () => 0, turn: () => 0, after: systemClock.after.bind(systemClock) };
