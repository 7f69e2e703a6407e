import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Device, Registry } from '../devices/store.ts';
import { testDevice, testDeviceType } from '../devices/testing/store-samples.ts';
import { SimulatedClock } from '../std/clock.ts';
import { pipelineLimits } from './limits.ts';
import { RegistryCache } from './registry-cache.ts';

class TestRegistry {
  readonly devices = new Map<string, Device>();
  readonly asked: string[] = [];
  gate: Promise<void> | undefined;

  async device(id: string): Promise<Device | undefined> {
    this.asked.push(id);
    const found = this.devices.get(id);
    await this.gate;
    return found;
  }

  async deviceTypes(): Promise<readonly unknown[]> {
    return [testDeviceType({ name: 'meter' })];
  }
}

function setUp(limits = {}) {
  const registry = new TestRegistry();
  const clock = new SimulatedClock();
  const cache = new RegistryCache(registry as unknown as Registry, clock, { ...pipelineLimits, ...limits });
  const device = (id: string, firmwareVersion?: string): Device => ({
    ...testDevice({ id, type: 'meter', firmwareVersion }),
    createdAt: 1,
  });
  return { registry, clock, cache, device };
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

test('what is known grows old, and that a device does not exist grows old sooner', async () => {
  const { registry, clock, cache, device } = setUp({ deviceAgeMsMax: 1000, unknownDeviceAgeMsMax: 100 });
  registry.devices.set('a', device('a'));
  await Promise.all([cache.lookup('a'), cache.lookup('nobody')]);
  assert.equal(cache.peek('nobody'), null);
  clock.advance(100);
  assert.equal(cache.peek('nobody'), undefined);
  assert.equal(cache.peek('a')?.device.id, 'a');
  clock.advance(900);
  assert.equal(cache.peek('a'), undefined);
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
