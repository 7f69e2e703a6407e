import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Device, Registry } from '../devices/store.ts';
import { testDevice, testDeviceType } from '../devices/testing/store-samples.ts';
import { SimulatedClock } from '../std/clock.ts';
import { createLog } from '../std/log.ts';
import { TestAcceptance } from '../std/testing/test-acceptance.ts';
import { pipelineLimits } from './limits.ts';
import { RegistryCache } from './registry-cache.ts';

class TestRegistry {
  readonly devices = new Map<string, Device>();
  readonly asked: string[] = [];
  gate: Promise<void> | undefined;
  problem: Error | undefined;

  async device(id: string): Promise<Device | undefined> {
    this.asked.push(id);
    const found = this.devices.get(id);
    await this.gate;
    if (this.problem !== undefined) throw this.problem;
    return found;
  }

  async deviceTypes(): Promise<readonly unknown[]> {
    return [testDeviceType({ name: 'meter' })];
  }
}

function setUp(limits = {}, acceptance?: TestAcceptance) {
  const registry = new TestRegistry();
  const clock = new SimulatedClock();
  const log: string[] = [];
  const deferred: (() => void)[] = [];
  const cache = new RegistryCache(
    registry as unknown as Registry,
    clock,
    { ...pipelineLimits, ...limits },
    { log: createLog('warn', (line) => log.push(line)), defer: (run) => deferred.push(run), acceptance },
  );
  cache.start();
  const device = (id: string, firmwareVersion?: string): Device => ({
    ...testDevice({ id, type: 'meter', firmwareVersion }),
    createdAt: 1,
  });
  const turn = (): void => {
    for (const run of deferred.splice(0)) run();
  };
  return { registry, clock, cache, device, log, turn };
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('a device is looked up once, together by all who ask at the same time', async () => {
  const { registry, cache, device } = setUp();
  registry.devices.set('a', device('a'));
  assert.equal(cache.peek('a'), undefined);
  const [one, two] = await Promise.all([cache.lookup('a'), cache.lookup('a')]);
  assert.equal(one, two);
  assert.equal(cache.peek('a'), one);
  assert.equal(one?.type.name, 'meter');
  assert.deepEqual(registry.asked, ['a']);
});

test('a device that is old is looked up again, and nobody waits for it', async () => {
  const { registry, clock, cache, device, turn } = setUp({ deviceAgeMsMax: 1000 });
  registry.devices.set('a', device('a', '1.0.0'));
  await cache.lookup('a');
  registry.devices.set('a', device('a', '2.0.0'));
  clock.advance(999);
  assert.equal(cache.peek('a')?.device.firmwareVersion, '1.0.0');
  turn();
  assert.deepEqual(registry.asked, ['a']);
  clock.advance(1);
  assert.equal(cache.peek('a')?.device.firmwareVersion, '1.0.0');
  assert.equal(cache.peek('a')?.device.firmwareVersion, '1.0.0');
  turn();
  assert.deepEqual(registry.asked, ['a', 'a']);
  await cache.lookup('a');
  assert.equal(cache.peek('a')?.device.firmwareVersion, '2.0.0');
  assert.deepEqual(registry.asked, ['a', 'a']);
});

test('old devices are looked up behind the answers of those who wait, some at a time', async () => {
  const acceptance = new TestAcceptance();
  const { registry, clock, cache, device, turn } = setUp(
    { deviceAgeMsMax: 1000, devicesRefreshedAtOnceMax: 2 },
    acceptance,
  );
  const ids = ['a', 'b', 'c'];
  for (const id of ids) {
    registry.devices.set(id, device(id));
    await cache.lookup(id);
  }
  registry.asked.length = 0;
  clock.advance(1000);
  for (const id of ids) cache.peek(id);
  turn();
  assert.deepEqual(registry.asked, []);
  acceptance.isBusy = false;
  acceptance.answer();
  assert.deepEqual(registry.asked, ['a', 'b']);
  await settled();
  turn();
  assert.deepEqual(registry.asked, ['a', 'b', 'c']);
});

test('a device that is very old is waited for', async () => {
  const { registry, clock, cache, device } = setUp({ deviceAgeMsMax: 1000, deviceStaleMsMax: 5000 });
  registry.devices.set('a', device('a'));
  await cache.lookup('a');
  clock.advance(4999);
  assert.equal(cache.peek('a')?.device.id, 'a');
  clock.advance(1);
  assert.equal(cache.peek('a'), undefined);
});

test('a look-up does not take back the firmware that a device told and that is not written yet', async () => {
  const { registry, clock, cache, device, turn } = setUp({ deviceAgeMsMax: 1000 });
  registry.devices.set('a', device('a', '1.0.0'));
  const known = await cache.lookup('a');
  assert.ok(known);
  clock.advance(1000);
  cache.peek('a');
  cache.firmwareTold(known, '2.0.0');
  turn();
  await settled();
  assert.deepEqual(registry.asked, ['a', 'a']);
  assert.equal(cache.peek('a'), known);
  assert.equal(known.device.firmwareVersion, '2.0.0');

  // Asked for before it was written, and answered behind it.
  const gate = Promise.withResolvers<void>();
  registry.gate = gate.promise;
  clock.advance(1000);
  cache.peek('a');
  turn();
  cache.firmwareSettled('a', '2.0.0');
  gate.resolve();
  await settled();
  assert.equal(cache.peek('a')?.device.firmwareVersion, '2.0.0');

  registry.devices.set('a', device('a', '3.0.0'));
  clock.advance(1000);
  cache.peek('a');
  turn();
  await settled();
  assert.equal(cache.peek('a')?.device.firmwareVersion, '3.0.0');
});

test('firmware is told of the device as it is known now, also where its message came before', async () => {
  const { registry, cache, device } = setUp();
  registry.devices.set('a', device('a', '1.0.0'));
  const before = await cache.lookup('a');
  assert.ok(before);
  cache.putType(testDeviceType({ name: 'meter', mode: 'queued' }));
  cache.firmwareTold(before, '2.0.0');
  assert.equal(before.device.firmwareVersion, '2.0.0');
  assert.equal(cache.peek('a')?.device.firmwareVersion, '2.0.0');
});

test('who was behind a gateway that is removed is looked up again', async () => {
  const { registry, cache, device } = setUp();
  const behind = (id: string, gateway: string): Device => ({ ...device(id), gateway });
  registry.devices.set('gateway', device('gateway'));
  registry.devices.set('child', behind('child', 'gateway'));
  registry.devices.set('moved', behind('moved', 'gateway'));
  for (const id of ['gateway', 'child', 'moved']) await cache.lookup(id);
  cache.put(behind('moved', 'other'));
  cache.removed('gateway');
  assert.equal(cache.peek('gateway'), undefined);
  assert.equal(cache.peek('child'), undefined);
  assert.equal(cache.peek('moved')?.device.gateway, 'other');
  cache.removed('other');
  assert.equal(cache.peek('moved'), undefined);
});

test('a device that cannot be looked up again stays as it is known, and the log says it once in a while', async () => {
  const { registry, clock, cache, device, log, turn } = setUp({ deviceAgeMsMax: 1000, refreshPauseMs: 500 });
  for (const id of ['a', 'b']) {
    registry.devices.set(id, device(id));
    await cache.lookup(id);
  }
  registry.problem = new Error('no disk');
  clock.advance(1000);
  cache.peek('a');
  cache.peek('b');
  turn();
  await settled();
  assert.equal(log.length, 1);
  const { message, devices, problem } = JSON.parse(log[0]);
  assert.equal(message, 'Cannot look devices up again: they stay as they are known for a while');
  assert.equal(devices, 2);
  assert.match(JSON.stringify(problem), /no disk/);
  assert.equal(cache.peek('a')?.device.id, 'a');
  registry.devices.set('c', device('c'));
  registry.problem = undefined;
  await cache.lookup('c');
  registry.asked.length = 0;
  clock.advance(499);
  cache.peek('a');
  turn();
  assert.deepEqual(registry.asked, []);
  clock.advance(501);
  cache.peek('a');
  cache.peek('c');
  turn();
  assert.deepEqual(registry.asked, ['a', 'c']);
  assert.equal(log.length, 1);
});

test('nothing is looked up again once it is stopped, and all is once it is started', async () => {
  const { registry, clock, cache, device, turn } = setUp({ deviceAgeMsMax: 1000, refreshPauseMs: 500 });
  registry.devices.set('a', device('a'));
  await cache.lookup('a');
  clock.advance(1000);
  cache.peek('a');
  cache.stop();
  turn();
  await settled();
  assert.deepEqual(registry.asked, ['a']);
  cache.start();
  registry.problem = new Error('no disk');
  clock.advance(1000);
  cache.peek('a');
  turn();
  await settled();
  cache.stop();
  cache.start();
  registry.problem = undefined;
  clock.advance(1000);
  cache.peek('a');
  turn();
  assert.deepEqual(registry.asked, ['a', 'a', 'a']);
});

test('that a device does not exist is known for a while only', async () => {
  const { registry, clock, cache, device } = setUp({ deviceAgeMsMax: 1000, unknownDeviceAgeMsMax: 100 });
  registry.devices.set('a', device('a'));
  await Promise.all([cache.lookup('a'), cache.lookup('nobody')]);
  assert.equal(cache.peek('nobody'), null);
  clock.advance(100);
  assert.equal(cache.peek('nobody'), undefined);
  assert.equal(cache.peek('a')?.device.id, 'a');
});

test('at its limit the cache lets the device go that came first', async () => {
  const { registry, cache, device } = setUp({ devicesCachedMax: 2 });
  for (const id of ['a', 'b', 'c']) {
    registry.devices.set(id, device(id));
    await cache.lookup(id);
  }
  assert.equal(cache.size, 2);
  assert.equal(cache.peek('a'), undefined);
  assert.equal(cache.peek('c')?.device.id, 'c');
});

test('a device that is put while it is looked up is not overwritten by the older answer', async () => {
  const { registry, cache, device } = setUp();
  await cache.loadTypes();
  registry.devices.set('a', device('a', '1.0.0'));
  const gate = Promise.withResolvers<void>();
  registry.gate = gate.promise;
  const lookup = cache.lookup('a');
  cache.put(device('a', '2.0.0'));
  gate.resolve();
  assert.equal((await lookup)?.device.firmwareVersion, '2.0.0');
  assert.equal(cache.peek('a')?.device.firmwareVersion, '2.0.0');
});

test('a device that is forgotten while it is looked up is looked up again', async () => {
  const { registry, cache, device } = setUp();
  registry.devices.set('a', device('a'));
  const gate = Promise.withResolvers<void>();
  registry.gate = gate.promise;
  const lookup = cache.lookup('a');
  registry.devices.delete('a');
  cache.forget('a');
  gate.resolve();
  assert.equal(await lookup, null);
  assert.deepEqual(registry.asked, ['a', 'a']);
});

test('a changed device type holds for the devices that are known', async () => {
  const { registry, cache, device } = setUp();
  registry.devices.set('a', device('a'));
  await cache.lookup('a');
  cache.putType(testDeviceType({ name: 'meter', mode: 'queued' }));
  assert.equal(cache.peek('a')?.type.mode, 'queued');
});

test('a device of a type that cannot be found is unavailable, not unknown', async () => {
  const { registry, cache } = setUp();
  registry.devices.set('a', { ...testDevice({ id: 'a', type: 'other' }), createdAt: 1 });
  await assert.rejects(cache.lookup('a'), { code: 'unavailable' });
});
