import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Device, NewDevice } from '../devices/device.ts';
import { testDevice, testDeviceType } from '../devices/testing/store-samples.ts';
import { SluiceError } from '../errors.ts';
import type { Message } from '../message.ts';
import { type PipelineLimits, pipelineLimits } from './limits.ts';
import { TestBench } from './testing/test-bench.ts';

/** A gateway with the device `a` behind it, and `c` behind nobody; it may register devices of `childTypes`. */
async function gatewayBench(
  t: TestContext,
  childTypes: readonly string[] = ['meter'],
  limits: Partial<PipelineLimits> = {},
): Promise<TestBench> {
  const bench = await TestBench.open({ gatewayBytesMax: 400, ...limits });
  t.after(() => bench.close());
  await bench.device('gate', { name: 'gateway', mode: 'inline', childTypes });
  await bench.device('a', { name: 'meter', mode: 'inline' }, { gateway: 'gate' });
  await bench.device('c', { name: 'meter', mode: 'inline' });
  return bench;
}

function said(bench: TestBench, kind: 'connect' | 'disconnect' | 'telemetry', payload: unknown): Message {
  return { ...bench.message('gate', payload), topic: `devices/gate/gateway/${kind}` };
}

async function codeOf(bench: TestBench, message: Message): Promise<string | undefined> {
  const [receipt] = await bench.publish(message);
  return receipt.code;
}

test('a device that a gateway connects is registered behind it, and its messages are taken', async (t) => {
  const bench = await gatewayBench(t);
  const telemetry = said(bench, 'telemetry', { new: { v: 1 } });
  assert.equal(await codeOf(bench, telemetry), 'not_authorized');
  assert.equal(await codeOf(bench, said(bench, 'connect', { device: 'new', type: 'meter' })), undefined);
  const device = await bench.store.registry.device('new');
  assert.deepEqual([device?.type, device?.gateway], ['meter', 'gate']);
  assert.equal(await codeOf(bench, telemetry), undefined);
  assert.equal((await bench.state('new')).v, 1);
  for (const kind of ['connect', 'disconnect'] as const)
    assert.equal(await codeOf(bench, said(bench, kind, { device: 'new' })), undefined);
});

test('the only type that a gateway may register is the type of a device that names none', async (t) => {
  const bench = await gatewayBench(t);
  assert.equal(await codeOf(bench, said(bench, 'connect', { device: 'new' })), undefined);
  assert.equal((await bench.store.registry.device('new'))?.type, 'meter');
});

test('a gateway takes no device that is there, and registers none of a type that is not named', async (t) => {
  const bench = await gatewayBench(t, ['meter', 'valve']);
  const wrong: [unknown, string][] = [
    [{ device: 'c', type: 'meter' }, 'not_authorized'],
    [{ device: 'gate', type: 'meter' }, 'not_authorized'],
    [{ device: 'new', type: 'gateway' }, 'not_authorized'],
    [{ device: 'new' }, 'not_authorized'],
    [{ device: 'new', type: 'valve' }, 'not_found'],
    [{ device: 'new', type: 7 }, 'invalid_argument'],
    [{ device: 'new one', type: 'meter' }, 'invalid_argument'],
    [{ type: 'meter' }, 'invalid_argument'],
    [[], 'payload_unreadable'],
    ['{', 'payload_unreadable'],
    [{ device: 'new', note: 'x'.repeat(400) }, 'payload_too_large'],
  ];
  for (const [payload, code] of wrong)
    assert.equal(await codeOf(bench, said(bench, 'connect', payload)), code, JSON.stringify(payload).slice(0, 60));
  assert.equal(await bench.store.registry.countDevices({}), 3);
  assert.equal((await bench.store.registry.device('c'))?.gateway, undefined);
});

test('a gateway whose type names no types registers nothing, and one that disconnects a device does not either', async (t) => {
  const closed = await gatewayBench(t, []);
  assert.equal(await codeOf(closed, said(closed, 'connect', { device: 'new', type: 'meter' })), 'not_authorized');
  assert.equal(await codeOf(closed, said(closed, 'connect', { device: 'a' })), undefined);
  const open = await gatewayBench(t);
  assert.equal(await codeOf(open, said(open, 'disconnect', { device: 'new', type: 'meter' })), 'not_authorized');
  assert.equal(await open.store.registry.device('new'), undefined);
});

test('a device that came to be while it was looked up stays whose it is', async (t) => {
  const bench = await gatewayBench(t);
  const { registry } = bench.store;
  const addDevice = registry.addDevice.bind(registry);
  t.mock.method(registry, 'addDevice', async (device: NewDevice): Promise<Device> => {
    await registry.putDevice({ ...device, gateway: 'c' });
    return addDevice(device);
  });
  assert.equal(await codeOf(bench, said(bench, 'connect', { device: 'new' })), 'not_authorized');
  assert.equal((await registry.device('new'))?.gateway, 'c');
});

test('who wants a new device takes none that a gateway registers meanwhile', async (t) => {
  const bench = await gatewayBench(t);
  const { registry } = bench.store;
  const look = registry.device.bind(registry);
  const looks = t.mock.method(registry, 'device', async (id: string): Promise<Device | undefined> => {
    const there = await look(id);
    if (there === undefined) await registry.addDevice(testDevice({ id, type: 'meter', gateway: 'gate' }));
    return there;
  });
  const device = testDevice({ id: 'new', type: 'gateway' });
  await assert.rejects(bench.pipeline.registry.putDevice(device, true), { code: 'conflict' });
  looks.mock.restore();
  assert.equal((await bench.store.registry.device('new'))?.gateway, 'gate');
  const other = testDevice({ id: 'other', type: 'meter' });
  assert.equal((await bench.pipeline.registry.putDevice(other, true)).type, 'meter');
  await assert.rejects(bench.pipeline.registry.putDevice(other, true), { code: 'conflict' });
});

test('a gateway registers one device after the other, and no more wait for their turn than may', async (t) => {
  const bench = await gatewayBench(t, ['meter'], { gatewayConnectsMax: 3 });
  const { registry } = bench.store;
  const addDevice = registry.addDevice.bind(registry);
  let underWay = 0;
  let most = 0;
  t.mock.method(registry, 'addDevice', async (device: NewDevice): Promise<Device> => {
    most = Math.max(most, ++underWay);
    try {
      if (device.id === 'new-1') throw new SluiceError('unavailable', 'The disk is full');
      return await addDevice(device);
    } finally {
      underWay--;
    }
  });
  const connects = [1, 2, 3, 4].map((number) => said(bench, 'connect', { device: `new-${number}` }));
  const receipts = await bench.publish(...connects);
  assert.deepEqual(receipts.map(({ code }) => code).sort(), ['quota_exceeded', 'unavailable', undefined, undefined]);
  assert.equal(most, 1);
  assert.equal(await codeOf(bench, said(bench, 'connect', { device: 'new-5' })), undefined);
});

test('a retired device is not connected', async (t) => {
  const bench = await gatewayBench(t);
  await bench.pipeline.registry.patchDevice('a', { retired: true });
  assert.equal(await codeOf(bench, said(bench, 'connect', { device: 'a' })), 'device_retired');
});

test('no room is kept by what was said', async (t) => {
  const bench = await gatewayBench(t);
  for (const device of ['a', 'c', 'new', 'new one']) await codeOf(bench, said(bench, 'connect', { device }));
  assert.equal(bench.pipeline.numbers().inlineInWork, 0);
});

test('a device is there from its connect to its disconnect, and one that is refused is not', async (t) => {
  const bench = await gatewayBench(t);
  bench.pipeline.connected.changed('gate', true);
  /** So many changes that were written, as `+id` and `-id`. */
  const written = async (count: number): Promise<string[]> => {
    bench.clock.advance(pipelineLimits.presenceIntervalMsMin);
    const told = () => bench.events.filter(({ topic }) => topic.endsWith('/presence'));
    while (told().length < count) await new Promise((resolve) => setImmediate(resolve));
    const events = told().map(({ payload }) => JSON.parse(payload.toString()));
    bench.events.length = 0;
    return events.map(({ deviceId, data }) => `${data.online ? '+' : '-'}${deviceId}`);
  };
  for (const device of ['a', 'c', 'new']) await codeOf(bench, said(bench, 'connect', { device }));
  assert.deepEqual(await written(3), ['+gate', '+a', '+new']);
  await codeOf(bench, said(bench, 'disconnect', { device: 'a' }));
  assert.deepEqual(await written(1), ['-a']);
  bench.pipeline.connected.changed('gate', false);
  assert.deepEqual(await written(2), ['-gate', '-new']);
  const known = await bench.store.presence.of(['gate', 'a', 'c', 'new']);
  assert.deepEqual(
    [...known].map(([id, { online }]) => [id, online]),
    [
      ['gate', false],
      ['a', false],
      ['new', false],
    ],
  );
});

test('a device that goes while it is being registered is gone', async (t) => {
  const bench = await gatewayBench(t);
  const heard: string[] = [];
  t.mock.method(bench.pipeline.connected, 'said', (_: string, id: string, online: boolean) => {
    heard.push(`${online ? '+' : '-'}${id}`);
  });
  const [connect, disconnect] = (['connect', 'disconnect'] as const).map((kind) =>
    said(bench, kind, { device: 'new' }),
  );
  const receipts = await bench.publish(connect, disconnect, connect, disconnect);
  assert.deepEqual(
    receipts.map(({ code }) => code),
    [undefined, undefined, undefined, undefined],
  );
  assert.equal(heard.at(-1), '-new', heard.join(' '));
});

test('connecting and disconnecting counts for the rate of the gateway, which is named where it is met', async (t) => {
  const bench = await gatewayBench(t);
  const rates = { device: { messagesPerSecond: 2 }, type: {} };
  await bench.pipeline.registry.putDeviceType(testDeviceType({ name: 'gateway', mode: 'inline', rates }));
  const connect = said(bench, 'connect', { device: 'a' });
  const both = [connect, said(bench, 'disconnect', { device: 'a' })];
  for (const message of both) assert.equal(await codeOf(bench, message), undefined);
  const [refused] = await bench.publish(connect);
  assert.deepEqual([refused.code, bench.pipeline.numbers().rateRefused], ['rate_limited', 1]);
  assert.equal(await codeOf(bench, bench.message('gate', { v: 1 })), 'rate_limited');
  bench.clock.advance(1_000);
  assert.equal(await codeOf(bench, connect), undefined);
  assert.equal(bench.pipeline.numbers().inlineInWork, 0);
});
