import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Store } from '../store.ts';
import { readingsContract } from './store-contract-readings.ts';
import { testDevice, testDeviceType } from './store-samples.ts';

/** A store under test, and a way to have it again after it was stopped: on the same data, as after a restart. */
export interface StoreFixture {
  open(): Promise<Store>;
  reopen(store: Store): Promise<Store>;
  close(store: Store): Promise<void>;
}

/** What every `Store` has to do. An implementation's test calls this and nothing else. */
export function storeContract(name: string, fixture: StoreFixture): void {
  describe(name, () => {
    let store: Store;
    before(async () => {
      store = await fixture.open();
    });
    after(() => fixture.close(store));

    registryContract(
      () => store,
      async () => {
        store = await fixture.reopen(store);
      },
    );
    readingsContract(
      () => store,
      async () => {
        store = await fixture.reopen(store);
      },
    );
  });
}

function registryContract(store: () => Store, reopen: () => Promise<void>): void {
  test('a device type is replaced by the next of its name', async () => {
    const { registry } = store();
    await registry.putDeviceType(testDeviceType({ name: 'meter', mode: 'queued', fPort: 3 }));
    const changed = testDeviceType({ name: 'meter', mode: 'inline', schemas: { telemetry: { type: 'object' } } });
    const stored = { ...changed, schemaVersions: { telemetry: 1 } };
    assert.deepEqual(await registry.putDeviceType(changed), stored);
    const found = (await registry.deviceTypes()).filter((type) => type.name === 'meter');
    assert.deepEqual(found, [stored]);
  });

  test('a device of a type that does not exist is refused with not_found', async () => {
    await assert.rejects(store().registry.putDevice(testDevice({ id: 'orphan', type: 'nothing' })), {
      code: 'not_found',
    });
    assert.equal(await store().registry.device('orphan'), undefined);
  });

  test('a device comes back as it was put, and keeps its birthday when it is replaced', async () => {
    const { registry } = store();
    await registry.putDeviceType(testDeviceType({ name: 'meter' }));
    const put = testDevice({ id: 'm-1', type: 'meter', firmwareVersion: '1.2.0', attributes: { site: 'Jülich' } });
    const first = await registry.putDevice(put);
    assert.deepEqual(await registry.device('m-1'), first);
    assert.deepEqual(first, { ...put, createdAt: first.createdAt });
    const second = await registry.putDevice({ ...put, firmwareVersion: undefined, retired: true });
    assert.deepEqual(second, { ...put, firmwareVersion: undefined, retired: true, createdAt: first.createdAt });
  });

  test('devices are listed in id order, page by page, and by type', async () => {
    const { registry } = store();
    await registry.putDeviceType(testDeviceType({ name: 'paged' }));
    await registry.putDeviceType(testDeviceType({ name: 'other' }));
    for (const id of ['p-3', 'p-1', 'p-2']) await registry.putDevice(testDevice({ id, type: 'paged' }));
    await registry.putDevice(testDevice({ id: 'p-1a', type: 'other' }));
    const ids = async (page: { after?: string; limit: number; type?: string }): Promise<string[]> =>
      (await registry.devices(page)).map((device) => device.id);
    assert.deepEqual(await ids({ type: 'paged', limit: 2 }), ['p-1', 'p-2']);
    assert.deepEqual(await ids({ type: 'paged', limit: 2, after: 'p-2' }), ['p-3']);
    assert.deepEqual(await ids({ after: 'p-1', limit: 2 }), ['p-1a', 'p-2']);
  });

  test('a credential is kept with its device, taken away by null, and refused for no device', async () => {
    const { registry } = store();
    await registry.putDeviceType(testDeviceType({ name: 'meter' }));
    const device = testDevice({ id: 'c-1', type: 'meter' });
    await registry.putDevice(device);
    assert.equal(await registry.credential('c-1'), undefined);
    await registry.putCredential('c-1', 'hash');
    await registry.putDevice({ ...device, retired: true });
    assert.equal(await registry.credential('c-1'), 'hash');
    await registry.putCredential('c-1', null);
    assert.equal(await registry.credential('c-1'), undefined);
    await assert.rejects(registry.putCredential('nobody', 'hash'), { code: 'device_unknown' });
  });

  test('a removed device is gone with its credential', async () => {
    const { registry } = store();
    await registry.putDeviceType(testDeviceType({ name: 'meter' }));
    await registry.putDevice(testDevice({ id: 'r-1', type: 'meter' }));
    await registry.putCredential('r-1', 'hash');
    assert.equal(await registry.removeDevice('r-1'), true);
    assert.equal(await registry.removeDevice('r-1'), false);
    assert.equal(await registry.device('r-1'), undefined);
    assert.equal(await registry.credential('r-1'), undefined);
  });

  test('drivers are kept by id and version', async () => {
    const { registry } = store();
    const driver = { id: 'd', version: '1.0.0', deviceType: 'meter', firmware: '*', script: 'one', createdAt: 1 };
    await registry.putDriver(driver);
    await registry.putDriver({ ...driver, version: '2.0.0', createdAt: 2 });
    await registry.putDriver({ ...driver, script: 'mended' });
    assert.deepEqual(await registry.drivers(), [
      { ...driver, script: 'mended' },
      { ...driver, version: '2.0.0', createdAt: 2 },
    ]);
  });

  test('the registry is the same after a restart', async () => {
    await store().registry.putDeviceType(testDeviceType({ name: 'meter' }));
    await store().registry.putDevice(testDevice({ id: 'restart', type: 'meter' }));
    await store().registry.putCredential('restart', 'hash');
    const device = await store().registry.device('restart');
    const types = await store().registry.deviceTypes();
    await reopen();
    assert.deepEqual(await store().registry.device('restart'), device);
    assert.deepEqual(await store().registry.deviceTypes(), types);
    assert.equal(await store().registry.credential('restart'), 'hash');
  });
}
