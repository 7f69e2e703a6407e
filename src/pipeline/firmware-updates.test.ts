import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Device, FirmwareVersions, Registry } from '../devices/store.ts';
import { testDevice, testDeviceType } from '../devices/testing/store-samples.ts';
import { SimulatedClock } from '../std/clock.ts';
import { silentLog } from '../std/log.ts';
import { FirmwareUpdates } from './firmware-updates.ts';
import { pipelineLimits } from './limits.ts';
import { type KnownDevice, RegistryCache } from './registry-cache.ts';

/** A registry whose writes go through when the test lets them. */
class GatedRegistry {
  exists = true;
  readonly written: string[] = [];
  readonly #waiting: { name: string; resolve: (found: boolean) => void; reject: (problem: Error) => void }[] = [];

  async deviceTypes(): Promise<readonly unknown[]> {
    return [testDeviceType({ name: 'meter' })];
  }

  putFirmwareVersion(id: string, version: string): Promise<boolean> {
    return new Promise((resolve, reject) => this.#waiting.push({ name: `${id} ${version}`, resolve, reject }));
  }

  /** Lets the oldest write through, or fails it, and everything that follows from it happen. */
  async let(problem?: Error): Promise<void> {
    const write = this.#waiting.shift();
    if (write === undefined) throw new Error('Nothing is being written');
    if (problem !== undefined) write.reject(problem);
    else {
      this.written.push(write.name);
      write.resolve(this.exists);
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
  devices = new RegistryCache(registry as unknown as Registry, clock, limits, { log: silentLog });
  await devices.loadTypes();
  updates = new FirmwareUpdates(registry as FirmwareVersions, devices, clock, silentLog, limits);
});

test('what is seen while another write runs is written once, with the newest version', async () => {
  const [a, b] = [known('a'), known('b')];
  updates.seen(a, '1.0.0', clock.now());
  for (const version of ['1.0.0', '1.1.0', '1.2.0']) updates.seen(b, version, clock.now());
  assert.equal(b.device.firmwareVersion, '1.2.0');
  await registry.let();
  await registry.let();
  await updates.flush();
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

test('an exclusive write drops the version of its device that waits, and does not wait for other devices', async () => {
  const [a, b] = [known('a'), known('b')];
  updates.seen(a, '1.0.0', clock.now());
  updates.seen(b, '1.0.0', clock.now());
  const order: string[] = [];
  await updates.exclusive('b', async () => {
    updates.seen(b, '3.0.0', clock.now());
    order.push('exclusive');
  });
  await registry.let();
  assert.deepEqual([...order, ...registry.written], ['exclusive', 'a 1.0.0']);
  assert.equal(registry.waiting, 0);
});

test('an exclusive write waits for the write of its own device that runs', async () => {
  updates.seen(known('a'), '1.0.0', clock.now());
  let ran = false;
  const exclusive = updates.exclusive('a', async () => {
    ran = true;
  });
  await settled();
  assert.equal(ran, false);
  await registry.let();
  await exclusive;
  assert.equal(ran, true);
});

test('a device that tells another version again and again is written once in an interval, with the newest', async () => {
  const a = known('a');
  updates.seen(a, '1.0.0', clock.now());
  await registry.let();
  for (const version of ['2.0.0', '1.0.0', '3.0.0']) updates.seen(a, version, clock.now());
  await settled();
  assert.equal(registry.waiting, 0);
  assert.equal(a.device.firmwareVersion, '3.0.0');
  clock.advance(pipelineLimits.firmwareIntervalMsMin);
  await registry.let();
  assert.deepEqual(registry.written, ['a 1.0.0', 'a 3.0.0']);
});

test('a flush writes also what would have to wait', async () => {
  const a = known('a');
  updates.seen(a, '1.0.0', clock.now());
  await registry.let();
  updates.seen(a, '2.0.0', clock.now());
  const flushed = updates.flush();
  await registry.let();
  await flushed;
  assert.deepEqual(registry.written, ['a 1.0.0', 'a 2.0.0']);
});

test('a device that is gone meanwhile is forgotten', async () => {
  registry.exists = false;
  updates.seen(known('a'), '1.0.0', clock.now());
  await registry.let();
  assert.equal(devices.peek('a'), undefined);
});

test('a write that fails is tried again by the next message, because the device is forgotten', async () => {
  updates.seen(known('a'), '1.0.0', clock.now());
  await registry.let(new Error('disk full'));
  assert.equal(devices.peek('a'), undefined);
  updates.seen(known('a'), '1.0.0', clock.now());
  clock.advance(pipelineLimits.firmwareIntervalMsMin);
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
