import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openForWriting } from '../devices/sqlite/database.ts';
import { Environment } from '../storage/environment.ts';
import { RowBatch } from '../storage/row-batch.ts';
import { backUp, restore } from './backup.ts';

let home: string;
let data: string;
let copy: string;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'sluice-backup-'));
  data = join(home, 'data');
  copy = join(home, 'copy');
});
afterEach(() => rmSync(home, { recursive: true }));

test('what is restored is what was there at the backup, not what came behind it', async () => {
  const environment = new Environment(join(data, 'queues'));
  await write(environment, 'a', 'before');
  const devices = openForWriting(join(data, 'devices.sqlite'));
  devices.exec("CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('before')");
  writeFileSync(join(data, 'access.key'), 'key', { mode: 0o600 });

  const manifest = await backUp(data, copy, Date.parse('2026-01-02T03:04:05Z'));
  assert.deepEqual(
    manifest.files.map((file) => file.name),
    ['queues/data.mdb', 'devices.sqlite', 'access.key'],
  );
  await write(environment, 'a', 'behind');
  devices.exec("UPDATE note SET text = 'behind'");
  await environment.close();
  devices.close();

  const target = join(home, 'restored');
  assert.equal((await restore(copy, target)).createdAt, '2026-01-02T03:04:05.000Z');
  const restored = new Environment(join(target, 'queues'));
  assert.equal(restored.get('retained', Buffer.from('a'))?.toString(), 'before');
  await restored.close();
  const again = openForWriting(join(target, 'devices.sqlite'));
  assert.equal(again.prepare('SELECT text FROM note').get()?.text, 'before');
  again.close();
  assert.equal(readFileSync(join(target, 'access.key'), 'utf8'), 'key');
});

test('a backup does not go over what is there, and leaves nothing behind when it fails', async () => {
  mkdirSync(copy);
  writeFileSync(join(copy, 'precious'), '');
  await assert.rejects(backUp(data, copy, 0), { code: 'conflict', message: /it is not empty/ });
  await assert.rejects(backUp(join(home, 'nowhere'), join(home, 'other'), 0), {
    code: 'not_found',
    message: /there is no data.mdb in it/,
  });
  assert.deepEqual(readdirSync(home).sort(), ['copy']);
  assert.deepEqual(readdirSync(copy), ['precious']);
});

test('a data folder with something in it is not restored over', async () => {
  await (await folderWithOneRow()).close();
  await backUp(data, copy, 0);
  await assert.rejects(restore(copy, data), { code: 'conflict', message: /Cannot restore to .*: it is not empty/ });
});

test('a backup that was changed is refused before anything is copied', async () => {
  await (await folderWithOneRow()).close();
  await backUp(data, copy, 0);
  const file = join(copy, 'queues', 'data.mdb');
  const bytes = readFileSync(file);
  bytes[bytes.length - 100] ^= 1;
  writeFileSync(file, bytes);
  const target = join(home, 'restored');
  await assert.rejects(restore(copy, target), { code: 'payload_unreadable', message: /queues\/data.mdb is not what/ });
  rmSync(file);
  await assert.rejects(restore(copy, target), { code: 'payload_unreadable', message: /met 0 bytes/ });
  assert.equal(existsSync(target), false);
});

test('a folder that is no backup, or one of a version to come, is refused', async () => {
  await assert.rejects(restore(home, data), { code: 'not_found', message: /there is no backup.json in it/ });
  writeFileSync(join(home, 'backup.json'), JSON.stringify({ version: 2, files: [] }));
  await assert.rejects(restore(home, data), { code: 'conflict', message: /expected a backup of version 1, met 2/ });
});

test('a manifest that names other files, or nothing to restore, is refused before anything is copied', async () => {
  writeFileSync(join(home, 'stolen'), 'x');
  const sha256 = createHash('sha256').update('x').digest('hex');
  mkdirSync(copy);
  const file = (name: unknown) => ({ name, bytes: 1, sha256 });
  for (const files of [[file('../stolen')], [file(join(home, 'stolen'))], [file(7)], [null], [], undefined]) {
    writeFileSync(join(copy, 'backup.json'), JSON.stringify({ version: 1, files }));
    await assert.rejects(restore(copy, join(home, 'deep', 'data')), {
      code: 'payload_unreadable',
      message: /it .*name/,
    });
  }
  for (const text of ['{"version":', '7', '']) {
    writeFileSync(join(copy, 'backup.json'), text);
    await assert.rejects(restore(copy, data), { code: 'payload_unreadable', message: /it is no JSON object/ });
  }
  assert.deepEqual(readdirSync(home).sort(), ['copy', 'stolen']);
});

test('what a restore that was killed left behind is not part of the next one', async () => {
  await (await folderWithOneRow()).close();
  await backUp(data, copy, 0);
  const target = join(home, 'restored');
  mkdirSync(`${target}.partial-${process.pid}`);
  writeFileSync(join(`${target}.partial-${process.pid}`, 'devices.sqlite'), 'of another backup');
  await restore(copy, target);
  assert.deepEqual(readdirSync(target), ['queues']);
});

async function folderWithOneRow(): Promise<Environment> {
  const environment = new Environment(join(data, 'queues'));
  await write(environment, 'a', 'value');
  return environment;
}

async function write(environment: Environment, key: string, value: string): Promise<void> {
  const batch = new RowBatch();
  batch.put('retained', Buffer.from(key), Buffer.from(value));
  await environment.transact(batch);
}

test('a backup onto what is mounted, or onto a file, says what to name instead', async () => {
  const mounted = { code: 'conflict', message: /Cannot back up to "\/proc": something is mounted there/ };
  await assert.rejects(backUp(data, '/proc', 0), mounted);
  const file = import.meta.filename;
  await assert.rejects(backUp(data, file, 0), { code: 'conflict', message: /it is no folder/ });
});
