import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Store } from '../store.ts';
import { testDevice, testDeviceType } from './store-samples.ts';

/** The part of the contract that is about who is connected. */
export function presenceContract(store: () => Store, reopen: () => Promise<void>): void {
  before(async () => {
    await store().registry.putDeviceType(testDeviceType({ name: 'present' }));
    for (const id of ['pr-1', 'pr-2', 'pr-3'])
      await store().registry.putDevice(testDevice({ id, type: 'present', attributes: { site: 'presence' } }));
  });

  const online = async (isOnline: boolean): Promise<string[]> => {
    const filter = { attribute: { name: 'site', value: 'presence' }, online: isOnline };
    assert.equal(await store().registry.countDevices(filter), (await devices(filter)).length);
    return devices(filter);
  };
  const devices = async (filter: object): Promise<string[]> =>
    (await store().registry.devices({ ...filter, limit: 100 })).map(({ id }) => id);

  test('coming and going is kept, and of devices that are not registered nothing', async () => {
    const came = await store().presence.put([
      { deviceId: 'pr-1', online: true, at: 10 },
      { deviceId: 'pr-stranger', online: true, at: 11 },
      { deviceId: 'pr-2', online: true, at: 12 },
    ]);
    assert.deepEqual(
      came.map(({ deviceId, deviceType, at }) => [deviceId, deviceType, at]),
      [
        ['pr-1', 'present', 10],
        ['pr-2', 'present', 12],
      ],
    );
    await store().presence.put([{ deviceId: 'pr-1', online: false, at: 20 }]);
    await store().presence.put([{ deviceId: 'pr-1', online: true, at: 30 }]);
    assert.deepEqual(await online(true), ['pr-1', 'pr-2']);
    assert.deepEqual(await online(false), ['pr-3']);
    assert.deepEqual(
      await store().presence.of(['pr-1', 'pr-3', 'pr-stranger']),
      new Map([['pr-1', { online: true, connectedAt: 30, disconnectedAt: 20 }]]),
    );
  });

  test('who was online is turned offline in slices, which outlives a restart', async () => {
    const gone: string[] = [];
    for (let slice = await store().presence.turnOffline(40, 1); slice.length > 0; ) {
      gone.push(...slice.map(({ deviceId }) => deviceId));
      slice = await store().presence.turnOffline(40, 1);
    }
    assert.deepEqual(gone.sort(), ['pr-1', 'pr-2']);
    await reopen();
    const { online: isOnline, disconnectedAt } = (await store().presence.of(['pr-2'])).get('pr-2') ?? {};
    assert.deepEqual([isOnline, disconnectedAt], [false, 40]);
  });

  test('a device that is removed leaves nothing to the next of its id', async () => {
    await store().registry.removeDevice('pr-2');
    await store().registry.putDevice(testDevice({ id: 'pr-2', type: 'present' }));
    assert.equal((await store().presence.of(['pr-2'])).size, 0);
  });
}
