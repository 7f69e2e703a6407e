import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { forSeedsInTurn } from '../../std/testing/seed.ts';
import { Environment } from '../environment.ts';
import { RowBatch } from '../row-batch.ts';
import { StorageDouble } from './storage-double.ts';

const text = (bytes: Buffer | undefined): string | undefined => bytes?.toString('hex');

test('it reads as the environment on disk reads, whatever was written', async () => {
  await forSeedsInTurn(3, async (random) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-double-'));
    const disk = new Environment(folder);
    const double = new StorageDouble();
    const key = (): Buffer =>
      Buffer.from(Array.from({ length: random.between(1, 3) }, () => random.pick([0, 1, 0x7f, 0x80, 0xff])));
    for (let round = 0; round < 60; round++) {
      const batch = new RowBatch();
      for (let n = random.between(1, 8); n > 0; n--) {
        if (random.chance(70)) batch.put('retained', key(), Buffer.alloc(random.between(1, 40), round));
        else batch.remove('retained', key());
      }
      await Promise.all([disk.transact(batch), double.transact(batch)]);
      const [one, from, to] = [key(), key(), key()];
      const [limit, bytesMax] = [random.between(1, 9), random.between(1, 90)];
      assert.equal(text(double.get('retained', one)), text(disk.get('retained', one)));
      const read = (from_: Pick<Environment, 'readRange'>) =>
        from_.readRange('retained', from, to, limit, bytesMax).map((row) => [text(row.key), text(row.value)]);
      assert.deepEqual(read(double), read(disk));
      assert.deepEqual(double.readKeys('retained', from, to, limit), disk.readKeys('retained', from, to, limit));
    }
    await disk.close();
    rmSync(folder, { recursive: true });
  });
});

test('a power cut loses what is not durable, and nobody hears of it', async () => {
  const double = new StorageDouble();
  const batch = (key: string): RowBatch => {
    const rows = new RowBatch();
    rows.put('retained', Buffer.from(key), Buffer.from('v'));
    return rows;
  };
  await double.transact(batch('kept'));
  let heard = false;
  void double.transact(batch('lost')).then(() => {
    heard = true;
  });
  const after = double.cutPower();
  void double.transact(batch('late'));
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.equal(heard, false);
  assert.equal(after.get('retained', Buffer.from('lost')), undefined);
  assert.equal(after.get('retained', Buffer.from('late')), undefined);
  assert.ok(after.get('retained', Buffer.from('kept')) !== undefined);
});
