import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Device, NewDevice, Registry } from '../devices/store.ts';
import { testDevice, testDeviceType } from '../devices/testing/store-samples.ts';
import { SimulatedClock } from '../std/clock.ts';
import { silentLog } from '../std/log.ts';
import { FirmwareUpdates } from './firmware-updates.ts';
import { pipelineLimits } from './limits.ts';
import { type KnownDevice, RegistryCache } from './registry-cache.ts';

/** A registry whose writes go through when the test lets them. */
class GatedRegistry {
  readonly written: string[] = [];
  readonly #waiting: { device: NewDevice; resolve: () => void; reject: (problem: Error) => void }[] = [];

  async deviceTypes(): Promise<readonly unknown[]> {
    return [testDeviceType({ name: 'meter' })];
  }

  putDevice(device: NewDevice): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ device, resolve, reject }));
  }

  /** Lets the oldest write through, or fails it, and everything that follows from it happen. */
  async let(problem?: Error): Promise<void> {
    const write = this.#waiting.shift();
    if (write === undefined) throw new Error('Nothing is being written');
    if (problem !== undefined) write.reject(problem);
    else {
      this.written.push(`${write.device.id} ${write.device.firmwareVersion}`);
      write.resolve();
    }
    await settled();
  }

  get waiting(): number {
    return this.#waiting.length;
  }
}

const clock = new SimulatedClock();
let registry: GatedRegistry;
let devices: RegistryCache;
let updates: FirmwareUpdates;

beforeEach(async () => {
  registry = new GatedRegistry();
  const limits = { ...pipelineLimits, firmwareUpdatesMax: 2 };
  devices = new RegistryCache(registry as unknown as Registry, clock, limits);
  await devices.loadTypes();
  updates = new FirmwareUpdates(registry as unknown as Registry, devices, clock, silentLog, limits);
});

test('what is seen while another write runs is written once, with the newest version', async () => {
  const [a, b] = [known('a'), known('b')];
  updates.seen(a, '1.0.0', clock.now());
  for (const version of ['1.0.0', '1.1.0', '1.2.0']) updates.seen(b, version, clock.now());
  assert.equal(b.device.firmwareVersion, '1.2.0');
  await registry.let();
  await registry.let();
  await updates.idle();
  assert.deepEqual(registry.written, ['a 1.0.0', 'b 1.2.0']);
});

test('an earlier message does not take the version of a later one back', async () => {
  const [a, b] = [known('a'), known('b')];
  updates.seen(a, '1.0.0', clock.now());
  updates.seen(b, '2.0.0', clock.now());
  updates.seen(b, '1.0.0', clock.now() - 10);
  assert.equal(b.device.firmwareVersion, '2.0.0');
  await registry.let();
  await registry.let();
});

test('an exclusive write waits for the one that runs, and drops the one that waits', async () => {
  const [a, b] = [known('a'), known('b')];
  updates.seen(a, '1.0.0', clock.now());
  updates.seen(b, '1.0.0', clock.now());
  const order: string[] = [];
  const exclusive = updates.exclusive('b', async () => void order.push('exclusive'));
  updates.seen(b, '3.0.0', clock.now());
  await settled();
  assert.deepEqual(order, []);
  await registry.let();
  await exclusive;
  assert.deepEqual(order, ['exclusive']);
  assert.deepEqual(registry.written, ['a 1.0.0']);
  assert.equal(registry.waiting, 0);
});

test('a write that fails is tried again by the next message, because the device is forgotten', async () => {
  updates.seen(known('a'), '1.0.0', clock.now());
  await registry.let(new Error('disk full'));
  assert.equal(devices.peek('a'), undefined);
  updates.seen(known('a'), '1.0.0', clock.now());
  await registry.let();
  assert.deepEqual(registry.written, ['a 1.0.0']);
});

test('beyond firmwareUpdatesMax a version is left for the next message to report', async () => {
  updates.seen(known('a'), '1.0.0', clock.now());
  const more = ['b', 'c', 'd'].map(known);
  for (const each of more) updates.seen(each, '1.0.0', clock.now());
  assert.deepEqual(
    more.map(({ device }) => device.firmwareVersion),
    ['1.0.0', '1.0.0', undefined],
  );
  for (let i = 0; i < 3; i++) await registry.let();
});

function known(id: string): KnownDevice {
  const device: Device = { ...testDevice({ id, type: 'meter' }), createdAt: 1 };
  devices.put(device);
  return devices.peek(id) as KnownDevice;
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
