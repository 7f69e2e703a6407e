import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DeviceFilter, NewDevice } from '../device.ts';
import type { Store } from '../store.ts';
import { claimsContract } from './store-contract-claims.ts';
import { credentialsContract } from './store-contract-credentials.ts';
import { presenceContract } from './store-contract-presence.ts';
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
    credentialsContract(
      () => store,
      async () => {
        store = await fixture.reopen(store);
      },
    );
    claimsContract(() => store);
    presenceContract(
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
    const { retiredAt, ...others } = second;
    assert.deepEqual(others, { ...put, firmwareVersion: undefined, retired: true, createdAt: first.createdAt });
    assert.equal(typeof retiredAt, 'number');
    assert.equal((await registry.putDevice({ ...put, retired: true })).retiredAt, retiredAt);
    assert.equal((await registry.putDevice(put)).retiredAt, undefined);
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

  test('a page of devices ends before their attributes are too long, with one device at least', async () => {
    const { registry } = store();
    await registry.putDeviceType(testDeviceType({ name: 'long' }));
    for (const id of ['l-1', 'l-2', 'l-3'])
      await registry.putDevice(testDevice({ id, type: 'long', attributes: { a: 'x'.repeat(100) } }));
    const count = async (charactersMax: number): Promise<number> =>
      (await registry.devices({ type: 'long', limit: 9, charactersMax })).length;
    assert.deepEqual([await count(1), await count(250), await count(1_000)], [1, 2, 3]);
  });

  test('devices are found by everything that is said of them, and counted', async () => {
    const { registry } = store();
    await registry.putDeviceType(testDeviceType({ name: 'sought' }));
    const put = (id: string, about: Partial<NewDevice>) =>
      registry.putDevice(testDevice({ id, type: 'sought', ...about }));
    await put('s-1', { attributes: { site: "o'north", 'a.b': '1' }, firmwareVersion: '1.0.0' });
    await put('s-2', { gateway: 's-1', retired: true });
    await put('s-3', { gateway: 's-1', attributes: { site: 'south' } });
    const found = async (filter: DeviceFilter): Promise<string> => {
      const all = { type: 'sought', ...filter };
      const ids = (await registry.devices({ ...all, limit: 9 })).map(({ id }) => id);
      assert.equal(await registry.countDevices(all), ids.length);
      return ids.join();
    };
    assert.equal(await found({}), 's-1,s-2,s-3');
    assert.equal(await found({ gateway: 's-1' }), 's-2,s-3');
    assert.equal(await found({ gateway: 's-1', retired: false }), 's-3');
    assert.equal(await found({ firmwareVersion: '1.0.0' }), 's-1');
    assert.equal(await found({ attribute: { name: 'site', value: "o'north" } }), 's-1');
    assert.equal(await found({ attribute: { name: 'a.b', value: '1' } }), 's-1');
    assert.equal(await found({ attribute: { name: 'site', value: 'north' } }), '');
  });

  test('a change touches what it names, and null takes away', async () => {
    const { registry } = store();
    await registry.putDeviceType(testDeviceType({ name: 'meter' }));
    await registry.putDevice(testDevice({ id: 'u-gw', type: 'meter' }));
    const put = testDevice({ id: 'u-1', type: 'meter', firmwareVersion: '1.0.0', attributes: { a: '1', b: '2' } });
    const before = await registry.putDevice(put);
    assert.deepEqual(await registry.patchDevice('u-1', { attributes: { b: null, c: '3' }, gateway: 'u-gw' }), {
      ...before,
      attributes: { a: '1', c: '3' },
      gateway: 'u-gw',
    });
    const after = await registry.patchDevice('u-1', { attributes: { c: null, b: '2' }, gateway: null });
    assert.deepEqual(after, before);
    assert.equal((await registry.patchDevice('u-1', { firmwareVersion: null })).firmwareVersion, undefined);
    await assert.rejects(registry.patchDevice('nobody', {}), { code: 'device_unknown' });
    await assert.rejects(registry.patchDevice('u-1', { type: 'nothing' }), { code: 'not_found' });
  });

  test('a device is added where there is none, and one that is there stays as it is', async () => {
    const { registry } = store();
    await registry.putDeviceType(testDeviceType({ name: 'meter' }));
    const added = await registry.addDevice(testDevice({ id: 'add-1', type: 'meter', attributes: { a: '1' } }));
    assert.deepEqual(await registry.addDevice(testDevice({ id: 'add-1', type: 'nothing', retired: true })), added);
    assert.deepEqual(await registry.device('add-1'), added);
    const orphan = testDevice({ id: 'add-2', type: 'meter', gateway: 'nobody' });
    await assert.rejects(registry.addDevice(orphan), { code: 'not_found' });
  });

  test('a gateway is a device that is there, never the device itself, and is let go when it goes', async () => {
    const { registry } = store();
    await registry.putDeviceType(testDeviceType({ name: 'meter' }));
    const child = testDevice({ id: 'g-child', type: 'meter', gateway: 'g-1' });
    await assert.rejects(registry.putDevice(child), { code: 'not_found' });
    await registry.putDevice(testDevice({ id: 'g-1', type: 'meter' }));
    assert.equal((await registry.putDevice(child)).gateway, 'g-1');
    await assert.rejects(registry.putDevice({ ...child, gateway: 'g-child' }), { code: 'invalid_argument' });
    await registry.removeDevice('g-1');
    assert.equal((await registry.device('g-child'))?.gateway, undefined);
  });

  test('many are put at once: the same again changes nothing, and one that cannot be hinders no other', async () => {
    const { registry, credentials } = store();
    await registry.putDeviceType(testDeviceType({ name: 'meter' }));
    const row = (id: string, about: Partial<NewDevice> = {}, tokenDigest?: string) => ({
      device: testDevice({ id, type: 'meter', ...about }),
      tokenDigest,
    });
    const rows = [row('b-1', {}, 'b-token'), row('b-2', { type: 'nothing' }), row('b-3', { gateway: 'b-1' })];
    const outcomes = async (given: typeof rows): Promise<string> =>
      (await registry.putDevices(given)).map((each) => (each.outcome === 'refused' ? each.code : each.outcome)).join();
    assert.equal(await outcomes(rows), 'made,not_found,made');
    assert.equal(await outcomes(rows), 'same,not_found,same');
    assert.equal(await outcomes([row('b-3'), row('b-1', { attributes: { a: '1' } })]), 'changed,changed');
    assert.equal(await outcomes([row('b-4', {}, 'b-token'), row('b-1', { attributes: { a: '1' } })]), 'conflict,same');
    assert.equal(await registry.device('b-4'), undefined);
    assert.equal((await credentials.accountOf('token', 'b-token'))?.device.id, 'b-1');
  });

  test('a token that has ended is given again by a file that says it, and counts as a change', async () => {
    const { registry, credentials } = store();
    await registry.putDeviceType(testDeviceType({ name: 'meter' }));
    const row = { device: testDevice({ id: 'e-1', type: 'meter' }), tokenDigest: 'e-token' };
    const outcome = async (): Promise<string> => (await registry.putDevices([row]))[0].outcome;
    assert.deepEqual([await outcome(), await outcome()], ['made', 'same']);
    await credentials.put(
      { id: 'e-next', deviceId: 'e-1', kind: 'token', verifier: 'e-other', name: undefined, expiresAt: undefined },
      { endAt: 1 },
    );
    assert.deepEqual([await outcome(), await outcome()], ['changed', 'same']);
    const held = (await credentials.list('e-1')).map(({ verifier, expiresAt }) => `${verifier} ${expiresAt}`);
    assert.deepEqual(held.sort(), ['e-other undefined', 'e-token undefined']);
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

  test('the rollout of a driver is kept, and stays when the driver comes in again', async () => {
    const { registry, rollouts } = store();
    const driver = { id: 'rolled', version: '1.0.0', deviceType: 'meter', firmware: '*', script: 's', createdAt: 1 };
    const canary = { stage: 'canary', share: 0.2 } as const;
    const off = { stage: 'off', share: 0, reason: 'Turned off' } as const;
    const kept = async () => (await registry.drivers()).find(({ id }) => id === 'rolled')?.rollout;
    await registry.putDriver({ ...driver, rollout: canary });
    assert.deepEqual(await kept(), canary);
    assert.equal(await rollouts.putRollout('rolled', '1.0.0', off), true);
    await registry.putDriver(driver);
    assert.deepEqual(await kept(), off);
    assert.equal(await rollouts.putRollout('rolled', '9.0.0', off), false);
  });

  test('the registry is the same after a restart', async () => {
    await store().registry.putDeviceType(testDeviceType({ name: 'meter' }));
    await store().registry.putDevice(testDevice({ id: 'restart', type: 'meter' }));
    const device = await store().registry.device('restart');
    const types = await store().registry.deviceTypes();
    await reopen();
    assert.deepEqual(await store().registry.device('restart'), device);
    assert.deepEqual(await store().registry.deviceTypes(), types);
  });
}
