import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { migrations } from './migrations.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

test('a file of the first version opens with its devices and their passwords', async () => {
  const fixture = new SqliteFixture();
  const old = new DatabaseSync(fixture.path);
  old.exec(migrations[0]);
  old.exec(`
    PRAGMA user_version = 1;
    INSERT INTO device_types VALUES ('meter', 'inline', 'enforce', '{}', NULL, 1000);
    INSERT INTO devices VALUES ('m-1', 'meter', '1.0.0', '{"site":"north"}', 1, 5);
    INSERT INTO credentials VALUES ('m-1', 'hash');
  `);
  old.close();
  const store = await fixture.open();
  const { device, credentials } = (await store.credentials.account('m-1')) ?? assert.fail('the device is gone');
  const attributes = { site: 'north' };
  assert.deepEqual(device, {
    id: 'm-1',
    type: 'meter',
    firmwareVersion: '1.0.0',
    attributes,
    retired: true,
    createdAt: 5,
  });
  assert.deepEqual(
    credentials.map(({ kind, verifier, expiresAt }) => [kind, verifier, expiresAt]),
    [['password', 'hash', undefined]],
  );
  await store.credentials.put(
    { id: 'next', deviceId: 'm-1', kind: 'password', verifier: 'other', name: undefined, expiresAt: undefined },
    { endAt: Date.now() },
  );
  assert.deepEqual(
    (await store.credentials.list('m-1')).map(({ id }) => id),
    ['next'],
  );
  await fixture.close(store);
});
