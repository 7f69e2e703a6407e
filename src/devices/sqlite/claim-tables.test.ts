import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimKeysMax } from '../claim-keys.ts';
import { ClaimTables } from './claim-tables.ts';
import { CredentialTables } from './credential-tables.ts';
import { openForWriting } from './database.ts';
import { DeviceTables } from './device-tables.ts';
import { HistoryIds } from './history-ids.ts';
import { Statements } from './statements.ts';

test('claim keys that have expired make room for new ones, and only those', (t) => {
  const database = openForWriting(':memory:');
  t.after(() => database.close());
  const sql = new Statements(database);
  database.exec(
    `INSERT INTO device_types (name, mode, schema_policy, schemas, future_time_ms_max)
     VALUES ('claimed', 'inline', 'off', '{}', 0)`,
  );
  const devices = new DeviceTables(sql, new HistoryIds(database));
  const claims = new ClaimTables(sql, devices, new CredentialTables(sql, devices));
  const put = (id: string, expiresAt?: number) =>
    claims.put(
      {
        id,
        digest: id,
        deviceType: 'claimed',
        idPrefix: '',
        gateway: undefined,
        attributes: {},
        usesLeft: 1,
        expiresAt,
      },
      100,
    );
  for (let n = 0; n < claimKeysMax; n++) put(`key-${n}`, n === 0 ? 100 : n === 1 ? 101 : undefined);
  put('another');
  const ids = claims.list().map(({ id }) => id);
  assert.deepEqual([ids.includes('key-0'), ids.includes('key-1'), ids.length], [false, true, claimKeysMax]);
  assert.throws(() => put('one-more'), { code: 'quota_exceeded' });
});
