import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Rollout } from '../../devices/rollout.ts';
import type { ProcessedMessage, StoreOutcome } from '../../devices/store.ts';
import { testDevice, testDeviceType } from '../../devices/testing/store-samples.ts';
import { SluiceError } from '../../errors.ts';
import { systemClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import { WorkerDriverHost } from '../driver-host/host.ts';
import { pipelineLimits } from '../limits.ts';
import { Processor } from '../processor.ts';
import { RegistryCache } from '../registry-cache.ts';
import { Work } from '../work.ts';
import { DriverTrials } from './driver-trials.ts';
import { ShadowRuns } from './shadow-runs.ts';

const shadow: Rollout = { stage: 'shadow', share: 0 };
const ref = (version: string) => ({ id: 'own', version });
const reads = 'function decodeUplink(i) { return { data: { t: i.bytes[0] } } }';

test('a shadow is compared with the driver in use, and nothing of it is stored', async (t) => {
  const { trials, shadows, stored, processor } = await scene(t, [
    [
      '1.0.0',
      "function decodeUplink(i) { if (i.bytes[0] === 3) throw new Error('three'); return { data: { t: i.bytes[0] } } }",
    ],
    [
      '2.0.0',
      "function decodeUplink(i) { if (i.bytes[0] === 2) throw new Error('two'); return { data: { t: i.bytes[0] === 1 ? 10 : i.bytes[0] } } }",
      shadow,
    ],
  ]);
  const works = [0, 1, 2, 3].map((byte) => work(`d${byte}`, byte));
  await processor.process(works);
  await shadows.idle();
  const compared = trials.of(ref('2.0.0')).shadow;
  assert.deepEqual(
    {
      ...compared,
      samples: compared?.samples.map(({ deviceId, inUse, shadow: made }) =>
        [deviceId, inUse, made].join(' ').replace(/"time":\d+,/g, ''),
      ),
    },
    {
      same: 1,
      different: 1,
      failed: 1,
      mended: 1,
      dropped: 0,
      samples: [
        'd1 [{"eventType":"telemetry","data":{"t":1}}] [{"eventType":"telemetry","data":{"t":10}}]',
        'd2 [{"eventType":"telemetry","data":{"t":2}}] The driver threw: two',
        'd3 The driver threw: three [{"eventType":"telemetry","data":{"t":3}}]',
      ],
    },
  );
  assert.deepEqual(
    stored.map(({ driverVersion, readings }) => [driverVersion, readings[0].data.t]),
    [0, 1, 2].map((byte) => ['1.0.0', byte]),
  );
});

test('a shadow that loops for ever takes nothing from the driver in use, and is dropped beyond what may wait', async (t) => {
  const { trials, shadows, processor } = await scene(t, [
    ['1.0.0', reads],
    ['2.0.0', 'function decodeUplink() { for (;;); }', shadow],
  ]);
  const works = Array.from({ length: 1_500 }, (_, n) => work(`d${n}`, n % 256));
  await processor.process(works);
  assert.ok(works.every(({ verdict }) => verdict?.kind === 'stored'));
  await shadows.idle();
  const compared = trials.of(ref('2.0.0')).shadow;
  assert.equal(compared?.dropped, 500);
  assert.equal(compared?.failed, 1_000);
});

test('a shadow that is forgotten is unloaded, and another one of its name is not taken for it', async (t) => {
  const { host, shadows, trials, processor } = await scene(t, [
    ['1.0.0', reads],
    ['2.0.0', reads, shadow],
  ]);
  const compare = async (): Promise<string> => {
    await processor.process([work('d', 1)]);
    await shadows.idle();
    const { same, different } = trials.of(ref('2.0.0')).shadow ?? {};
    return `${same} ${different}`;
  };
  assert.equal(await compare(), '1 0');
  trials.forget(ref('2.0.0'));
  host.remove(ref('2.0.0'));
  const script = 'function decodeUplink() { return { data: { other: 1 } } }';
  await host.add({ ...ref('2.0.0'), deviceType: 'meter', firmware: '*', script, rollout: shadow });
  assert.equal(await compare(), '0 1');
  // Also where nobody said that it went.
  host.remove(ref('2.0.0'));
  await host.add({ ...ref('2.0.0'), deviceType: 'meter', firmware: '*', script: reads, rollout: shadow });
  assert.equal(await compare(), '1 1');
});

test('a canary that fails more than the driver in use is turned off, and the next message has that one', async (t) => {
  const { host, trials, processor, turnedOff } = await scene(t, [
    ['1.0.0', reads],
    [
      '2.0.0',
      "function decodeUplink(i) { if (i.bytes[0] < 26) throw new Error('no'); return { data: {} } }",
      { stage: 'canary', share: 0.5 },
    ],
  ]);
  const versionOf = (id: string) => host.resolve('meter', undefined, id)?.version;
  const ids = Array.from({ length: 2_000 }, (_, n) => `d${n}`);
  const own = ids.filter((id) => versionOf(id) === '2.0.0');
  const others = ids.filter((id) => versionOf(id) === '1.0.0').slice(0, 200);
  const byteOf = (n: number) => (n % 10 === 0 ? 0 : 100);
  await processor.process([...others, ...own.slice(0, 99)].map((id, n) => work(id, byteOf(n))));
  assert.deepEqual(turnedOff, []);
  await processor.process([work(own[99], 100)]);
  assert.deepEqual(turnedOff, ['Turned off: 10 of 100 messages failed, against 0 of 200 with the driver in use']);
  assert.equal(trials.of(ref('2.0.0')).canary?.messages, 100);
  const next = work(own[0], 0);
  await processor.process([next]);
  assert.equal(next.driver?.version, '1.0.0');
  assert.equal(next.verdict?.kind, 'stored');
});

test('a canary that fails at everything is turned off before it has had many messages, and before these are settled', async (t) => {
  const stored = Promise.withResolvers<void>();
  const { host, trials, processor, turnedOff } = await scene(
    t,
    [
      ['1.0.0', reads],
      ['2.0.0', "function decodeUplink() { throw new Error('no'); }", { stage: 'canary', share: 0.5 }],
    ],
    () => stored.promise,
  );
  const works = Array.from({ length: 60 }, (_, n) => work(`d${n}`, 1));
  let isSettled = false;
  const processed = processor.process(works).then(() => {
    isSettled = true;
  });
  while (turnedOff.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.ok((trials.of(ref('2.0.0')).canary?.messages ?? 100) < 20);
  assert.equal(host.resolve('meter', undefined, 'd1')?.version, '1.0.0');
  assert.equal(isSettled, false);
  stored.resolve();
  await processed;
});

test('a canary is turned off once, however many messages it still decodes', async (t) => {
  const { shadows } = await scene(t, []);
  const choice = { active: ref('1.0.0'), canaries: [ref('2.0.0')], shadows: [] };
  const turnedOff: string[] = [];
  const trials = new DriverTrials({ isAny: true, choice: () => choice } as never, shadows, async (canary) => {
    turnedOff.push(canary.version);
  });
  const failed = (n: number): Work => {
    const each = work(`d${n}`, 1);
    each.known = { type: testDeviceType({ name: 'meter' }) } as never;
    each.driver = ref('2.0.0');
    each.stop('decode', new SluiceError('driver_failed', 'no'));
    return each;
  };
  const batch = () => Array.from({ length: 200 }, (_, n) => failed(n));
  await trials.decoded(batch());
  await trials.decoded(batch());
  assert.deepEqual(turnedOff, ['2.0.0']);
  trials.forget(ref('2.0.0'));
  await trials.decoded(batch());
  assert.deepEqual(turnedOff, ['2.0.0', '2.0.0'], 'one that begins anew is judged anew');
});

test('a canary that fails no more than the driver in use stays', async (t) => {
  const fails = "function decodeUplink(i) { if (i.bytes[0] === 0) throw new Error('no'); return { data: {} } }";
  const { host, processor, turnedOff } = await scene(t, [
    ['1.0.0', fails],
    ['2.0.0', fails, { stage: 'canary', share: 0.5 }],
  ]);
  await processor.process(Array.from({ length: 400 }, (_, n) => work(`d${n}`, n % 4 === 0 ? 0 : 1)));
  assert.deepEqual(turnedOff, []);
  assert.equal(host.choices.isAny, true);
});

type Row = readonly [version: string, script: string, rollout?: Rollout];

async function scene(t: TestContext, rows: readonly Row[], storing = () => Promise.resolve()) {
  const host = new WorkerDriverHost({ threads: 1, log: silentLog });
  await host.start();
  t.after(() => host.stop());
  for (const [version, script, rollout] of rows) {
    await host.add({ id: 'own', version, deviceType: 'meter', firmware: '*', script, rollout });
  }
  const stored: ProcessedMessage[] = [];
  const apply = async (batch: readonly ProcessedMessage[]): Promise<readonly StoreOutcome[]> => {
    stored.push(...batch);
    return batch.map(() => 'applied');
  };
  const areStored = async (keys: readonly unknown[]): Promise<readonly boolean[]> => keys.map(() => false);
  const registry = {
    deviceTypes: async () => [testDeviceType({ name: 'meter' })],
    device: async (id: string) => ({ ...testDevice({ id, type: 'meter', firmwareVersion: undefined }), createdAt: 0 }),
  };
  const context = {
    devices: new RegistryCache(registry as never, systemClock, pipelineLimits, { log: silentLog }),
    readings: { apply, areStored } as never,
    schemas: {} as never,
    clock: systemClock,
    nextMessageId: () => 'made',
  };
  const makeHost = () => new WorkerDriverHost({ log: silentLog, timeoutMs: 20 });
  const shadows = new ShadowRuns({ makeHost, scriptOf: host.scriptOf.bind(host), context, log: silentLog });
  const turnedOff: string[] = [];
  const trials = new DriverTrials(host.choices, shadows, async (canary, reason) => {
    turnedOff.push(reason);
    host.choices.place(canary, { stage: 'off', share: 0, reason });
    await storing();
  });
  t.after(() => trials.stop());
  const processor = new Processor({
    ...context,
    drivers: host,
    decoded: trials.decoded.bind(trials),
    firmwareSeen: () => undefined,
  });
  return { host, trials, shadows, stored, processor, turnedOff };
}

function work(deviceId: string, byte: number): Work {
  const message = {
    topic: `devices/${deviceId}/telemetry`,
    payload: Buffer.from([byte]),
    qos: 1,
    retain: false,
    properties: undefined,
    receivedAt: systemClock.now(),
    publisher: deviceId,
  } as const;
  return new Work(message, { deviceId, eventType: 'telemetry' });
}
