import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { CredentialKind, NewCredential } from '../credentials.ts';
import type { Store } from '../store.ts';
import { testDevice, testDeviceType } from './store-samples.ts';

/** The part of the contract that is about what devices log in with. Every test has a device of its own. */
export function credentialsContract(store: () => Store, reopen: () => Promise<void>): void {
  before(async () => {
    const { registry } = store();
    await registry.putDeviceType(testDeviceType({ name: 'meter' }));
    for (let i = 1; i <= 9; i++) await registry.putDevice(testDevice({ id: `k-${i}`, type: 'meter' }));
  });

  const put = (
    deviceId: string,
    id: string,
    kind: CredentialKind,
    about: Partial<NewCredential> = {},
    others: 'keep' | { endAt: number } = 'keep',
  ) =>
    store().credentials.put(
      { id, deviceId, kind, verifier: `verifier of ${id}`, name: undefined, expiresAt: undefined, ...about },
      others,
    );
  const live = async (deviceId: string): Promise<string[]> =>
    (await store().credentials.list(deviceId))
      .filter(({ expiresAt }) => expiresAt === undefined || expiresAt > Date.now())
      .map(({ id }) => id)
      .sort();

  test('a device has several credentials, which come back as they were put, with the device and what it is the gateway of', async () => {
    const first = await put('k-1', 'k-1-a', 'password', { name: 'first', expiresAt: 9e12 });
    await put('k-1', 'k-1-b', 'token');
    await put('k-1', 'k-1-c', 'key');
    assert.deepEqual(await live('k-1'), ['k-1-a', 'k-1-b', 'k-1-c']);
    assert.deepEqual(
      (await store().credentials.list('k-1')).find(({ id }) => id === 'k-1-a'),
      first,
    );
    const { registry, credentials } = store();
    for (const id of ['k-child-1', 'k-child-2'])
      await registry.putDevice(testDevice({ id, type: 'meter', gateway: 'k-1', retired: id === 'k-child-2' }));
    const account = await credentials.account('k-1');
    assert.deepEqual(account?.device, await registry.device('k-1'));
    assert.deepEqual([account?.credentials.length, account?.children.map(({ id }) => id)], [3, ['k-child-1']]);
    assert.equal(await credentials.account('nobody'), undefined);
  });

  test('others of its kind end when they are told to, and not later than they would have', async () => {
    await put('k-2', 'k-2-soon', 'token', { expiresAt: Date.now() + 60_000 });
    await put('k-2', 'k-2-late', 'token');
    await put('k-2', 'k-2-key', 'key');
    const endAt = Date.now() + 3_600_000;
    await put('k-2', 'k-2-new', 'token', {}, { endAt });
    const ends = new Map((await store().credentials.list('k-2')).map(({ id, expiresAt }) => [id, expiresAt]));
    assert.equal(ends.get('k-2-late'), endAt);
    assert.ok((ends.get('k-2-soon') ?? endAt) < endAt);
    assert.deepEqual([ends.get('k-2-key'), ends.get('k-2-new')], [undefined, undefined]);
    await put('k-2', 'k-2-next', 'token', {}, { endAt: Date.now() });
    assert.deepEqual(await live('k-2'), ['k-2-key', 'k-2-next']);
  });

  test('one is taken away or all are, and a device that is not there has none', async () => {
    await put('k-3', 'k-3-a', 'password');
    await put('k-3', 'k-3-b', 'token');
    await put('k-4', 'k-4-a', 'token');
    const { credentials } = store();
    assert.equal(await credentials.remove('k-3', 'k-4-a'), false);
    assert.equal(await credentials.remove('k-3', 'k-3-a'), true);
    assert.deepEqual(await live('k-3'), ['k-3-b']);
    assert.equal(await credentials.remove('k-3'), true);
    assert.equal(await credentials.remove('k-3'), false);
    assert.deepEqual(await live('k-4'), ['k-4-a']);
    await assert.rejects(credentials.remove('nobody'), { code: 'device_unknown' });
    await assert.rejects(put('nobody', 'x', 'token'), { code: 'device_unknown' });
  });

  test('a token or certificate finds its device, and no two devices have the same', async () => {
    const { credentials } = store();
    await put('k-5', 'k-5-t', 'token', { verifier: 'same' });
    await put('k-5', 'k-5-p', 'password', { verifier: 'hash' });
    await put('k-6', 'k-6-p', 'password', { verifier: 'hash' });
    assert.equal((await credentials.accountOf('token', 'same'))?.device.id, 'k-5');
    assert.equal(await credentials.accountOf('certificate', 'same'), undefined);
    assert.equal(await credentials.accountOf('token', 'hash'), undefined);
    await assert.rejects(put('k-6', 'k-6-t', 'token', { verifier: 'same' }), { code: 'conflict' });
  });

  test('a certificate that was taken away stays as one that has ended, until another one comes', async () => {
    await put('k-7', 'k-7-old', 'certificate');
    assert.equal(await store().credentials.remove('k-7'), true);
    assert.deepEqual(await live('k-7'), []);
    await put('k-7', 'k-7-token', 'token');
    assert.equal(
      (await store().credentials.list('k-7')).some(({ id }) => id === 'k-7-old'),
      true,
    );
    await put('k-7', 'k-7-new', 'certificate');
    assert.equal(
      (await store().credentials.list('k-7')).some(({ id }) => id === 'k-7-old'),
      false,
    );
  });

  test('a device has so many and no more, and those that ended do not count', async () => {
    for (let i = 0; i < 8; i++) await put('k-8', `k-8-${i}`, 'token', { expiresAt: i === 0 ? 1 : undefined });
    await put('k-8', 'k-8-8', 'token');
    await assert.rejects(put('k-8', 'k-8-9', 'key'), { code: 'quota_exceeded' });
    assert.equal((await live('k-8')).length, 8);
  });

  test('credentials go with their device, stay when it is replaced, and are the same after a restart', async () => {
    await put('k-9', 'k-9-a', 'password', { verifier: 'hash' });
    await store().registry.putDevice(testDevice({ id: 'k-9', type: 'meter', retired: true }));
    const kept = await store().credentials.list('k-9');
    assert.deepEqual(kept.length, 1);
    await reopen();
    assert.deepEqual(await store().credentials.list('k-9'), kept);
    await store().registry.removeDevice('k-9');
    assert.deepEqual(await store().credentials.list('k-9'), []);
  });
}
