import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Claim, NewClaimKey } from '../claim-keys.ts';
import type { Store } from '../store.ts';
import { testDevice, testDeviceType } from './store-samples.ts';

/** The part of the contract that is about devices that register themselves. */
export function claimsContract(store: () => Store): void {
  before(async () => {
    await store().registry.putDeviceType(testDeviceType({ name: 'claimed' }));
    await store().registry.putDevice(testDevice({ id: 'claim-gateway', type: 'claimed' }));
  });

  const put = (id: string, about: Partial<NewClaimKey> = {}) =>
    store().claimKeys.put({
      id,
      digest: `digest of ${id}`,
      deviceType: 'claimed',
      idPrefix: '',
      gateway: undefined,
      attributes: {},
      usesLeft: 1,
      expiresAt: undefined,
      ...about,
    });
  const claim = (key: string, deviceId: string, token = `token of ${deviceId}`) => {
    const credential = { id: token, kind: 'token', verifier: token, name: undefined, expiresAt: undefined } as const;
    return store().claimKeys.claim({
      digest: `digest of ${key}`,
      deviceId,
      firmwareVersion: '1.2.0',
      credential,
    } satisfies Claim);
  };
  const usesLeft = async (id: string) => (await store().claimKeys.list()).find((key) => key.id === id)?.usesLeft;

  test('a claim makes the device as its key says, with the credential', async () => {
    await put('ck-1', { gateway: 'claim-gateway', attributes: { site: 'north' }, usesLeft: 2 });
    const device = await claim('ck-1', 'c-1');
    const { type, attributes, gateway, firmwareVersion, retired } = device;
    assert.deepEqual(
      { type, attributes, gateway, firmwareVersion, retired },
      {
        type: 'claimed',
        attributes: { site: 'north' },
        gateway: 'claim-gateway',
        firmwareVersion: '1.2.0',
        retired: false,
      },
    );
    assert.equal((await store().credentials.accountOf('token', 'token of c-1'))?.device.id, 'c-1');
    assert.equal(await usesLeft('ck-1'), 1);
  });

  test('a key is used as often as it may be and not once more, and the same claim again takes no use', async () => {
    await put('ck-2', { usesLeft: 2 });
    const first = await claim('ck-2', 'c-2');
    await claim('ck-2', 'c-3');
    assert.deepEqual(await claim('ck-2', 'c-2'), first);
    await assert.rejects(claim('ck-2', 'c-4'), { code: 'unauthenticated' });
    assert.equal(await store().registry.device('c-4'), undefined);
    assert.equal(await usesLeft('ck-2'), 0);
  });

  test('a claim hands out nothing of a device that is there', async () => {
    await put('ck-3', { usesLeft: 5 });
    await assert.rejects(claim('ck-3', 'claim-gateway'), { code: 'conflict' });
    await claim('ck-3', 'c-5');
    await assert.rejects(claim('ck-3', 'c-5', 'another token'), { code: 'conflict' });
    await assert.rejects(claim('ck-3', 'c-6', 'token of c-5'), { code: 'conflict' });
    assert.equal(await store().registry.device('c-6'), undefined);
    assert.equal(await usesLeft('ck-3'), 4);
  });

  test('a key counts for ids with its prefix, until it expires or is taken away', async () => {
    await put('ck-4', { idPrefix: 'plant-', usesLeft: 9 });
    await assert.rejects(claim('ck-4', 'other-1'), { code: 'not_authorized' });
    await claim('ck-4', 'plant-1');
    assert.equal(await store().claimKeys.remove('ck-4'), true);
    assert.equal(await store().claimKeys.remove('ck-4'), false);
    await assert.rejects(claim('ck-4', 'plant-2'), { code: 'unauthenticated' });
    await put('ck-5', { expiresAt: 1 });
    await assert.rejects(claim('ck-5', 'plant-3'), { code: 'unauthenticated' });
    await assert.rejects(claim('never made', 'plant-3'), { code: 'unauthenticated' });
  });

  test('a look at a claim is refused as the claim would be, and takes no use', async () => {
    const check = (key: string, deviceId: string) => store().claimKeys.check(`digest of ${key}`, deviceId);
    await put('ck-7', { idPrefix: 'look-', usesLeft: 1 });
    await assert.rejects(check('ck-7', 'other-1'), { code: 'not_authorized' });
    await assert.rejects(check('never made', 'look-1'), { code: 'unauthenticated' });
    await check('ck-7', 'look-1');
    assert.equal(await usesLeft('ck-7'), 1);
    await claim('ck-7', 'look-1');
    await check('ck-7', 'look-1');
    await assert.rejects(check('ck-7', 'look-2'), { code: 'unauthenticated' });
  });

  test('a key for a type or gateway that is not there is refused', async () => {
    await assert.rejects(put('ck-6', { deviceType: 'nothing' }), { code: 'not_found' });
    await assert.rejects(put('ck-6', { gateway: 'nobody' }), { code: 'not_found' });
  });
}
