import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { isHeld } from './data-lock.ts';
import { Environment } from './environment.ts';
import { RowBatch } from './row-batch.ts';
import { keyBytesMax } from './tables.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-environment-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('rows are there after the folder was opened again', async () => {
  const first = new Environment(folder);
  await first.transact(rows(['a', '1'], ['b', '2']));
  await first.close();
  const second = new Environment(folder);
  assert.equal(second.get('retained', Buffer.from('a'))?.toString(), '1');
  assert.equal(second.get('retained', Buffer.from('c')), undefined);
  await second.close();
});

test('a range ends before its end, at its limit, and when it has read enough bytes', async () => {
  const environment = new Environment(folder);
  await environment.transact(rows(['a', '11'], ['b', '22'], ['c', '33'], ['d', '44']));
  const read = (limit: number, bytesMax?: number): string =>
    environment
      .readRange('retained', Buffer.from('a'), Buffer.from('d'), limit, bytesMax)
      .map(({ key, value }) => `${key}${value}`)
      .join(' ');
  assert.equal(read(10), 'a11 b22 c33');
  assert.equal(read(2), 'a11 b22');
  assert.equal(read(10, 3), 'a11 b22');
  assert.equal(read(10, 1), 'a11');
  assert.deepEqual(environment.readKeys('retained', Buffer.from('b'), Buffer.from('z'), 2).map(String), ['b', 'c']);
  await environment.close();
});

test('what a read answers stays as it is when the row changes', async () => {
  const environment = new Environment(folder);
  await environment.transact(rows(['a', 'before']));
  const got = environment.get('retained', Buffer.from('a'));
  const [row] = environment.readRange('retained', Buffer.from('a'), Buffer.from('b'), 1);
  await environment.transact(rows(['a', 'after!']));
  assert.equal(environment.get('retained', Buffer.from('a'))?.toString(), 'after!');
  assert.equal(got?.toString(), 'before');
  assert.equal(row.value.toString(), 'before');
  await environment.close();
});

test('values of any size and a file that must grow are taken', async () => {
  const environment = new Environment(folder);
  for (let i = 0; i < 8; i++) {
    const batch = new RowBatch();
    for (const bytes of [0, 1, 4_096, 100_000, 5_000_000]) {
      batch.put('retained', Buffer.from(`${bytes}/${i}`), Buffer.alloc(bytes, i + 1));
    }
    await environment.transact(batch);
  }
  for (const bytes of [0, 1, 4_096, 100_000, 5_000_000]) {
    assert.deepEqual(environment.get('retained', Buffer.from(`${bytes}/5`)), Buffer.alloc(bytes, 6));
  }
  await environment.close();
});

test('a key that is too long is refused before anything is written', () => {
  const batch = new RowBatch();
  batch.put('retained', Buffer.alloc(keyBytesMax), Buffer.alloc(1));
  const tooLong = Buffer.alloc(keyBytesMax + 1);
  assert.throws(() => batch.put('retained', tooLong, Buffer.alloc(1)), /"retained".*1 to 1978 bytes.*1979/);
  assert.throws(() => batch.remove('retained', Buffer.alloc(0)), RangeError);
  assert.equal(batch.size, 1);
});

test('the longest key is taken', async () => {
  const environment = new Environment(folder);
  const batch = new RowBatch();
  batch.put('retained', Buffer.alloc(keyBytesMax, 7), Buffer.from('x'));
  await environment.transact(batch);
  assert.equal(environment.get('retained', Buffer.alloc(keyBytesMax, 7))?.toString(), 'x');
  await environment.close();
});

test('a folder that is open is not opened again, and says by whom', async () => {
  const environment = new Environment(folder);
  assert.throws(() => new Environment(folder), {
    code: 'unavailable',
    message: new RegExp(`"${folder}": process ${process.pid} has it open`),
  });
  await environment.close();
  await new Environment(folder).close();
});

test('a folder that another container has open is not opened: its process ids say nothing here', async () => {
  const environment = new Environment(folder);
  writeFileSync(join(folder, 'sluice.lock'), '4194305 c0ffee');
  assert.throws(() => new Environment(folder), {
    code: 'unavailable',
    message: /process 4194305 on host "c0ffee" has it open/,
    detail: { folder, pid: 4194305, host: 'c0ffee' },
  });
  writeFileSync(join(folder, 'sluice.lock'), '');
  assert.throws(() => new Environment(folder), { message: /another process has it open/ });
  await environment.close();
});

test('a process that was killed leaves nothing that prevents the next start, whatever the file says', async () => {
  const module = new URL('./data-lock.ts', import.meta.url).href;
  const code = `const { DataLock } = await import('${module}'); globalThis.lock = new DataLock('${folder}'); console.log('held'); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  assert.throws(() => new Environment(folder), { message: new RegExp(`process ${child.pid} has it open`) });
  assert.equal(isHeld(folder), true);
  child.kill('SIGKILL');
  await ended;
  assert.equal(isHeld(folder), false);
  writeFileSync(join(folder, 'sluice.lock'), `${process.pid} ${hostname()}`);
  await new Environment(folder).close();
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('journal') || name === 'sluice.lock'),
    [],
  );
});

test('a lock that cannot be had for another reason is told with the file', () => {
  mkdirSync(join(folder, 'held.lock'), { recursive: true });
  assert.throws(() => new Environment(folder), { code: 'storage_failed', message: /^Cannot lock ".*held.lock": / });
});

test('a folder of another format is refused and left as it is', async () => {
  const environment = new Environment(folder);
  const batch = new RowBatch();
  batch.put('meta', Buffer.from('format'), Buffer.from([0, 0, 0, 99]));
  await environment.transact(batch);
  await environment.close();
  for (let i = 0; i < 2; i++) {
    assert.throws(() => new Environment(folder), { code: 'conflict', message: /expected format version 3, met 99/ });
  }
});

function rows(...pairs: readonly (readonly [key: string, value: string])[]): RowBatch {
  const batch = new RowBatch();
  for (const [key, value] of pairs) batch.put('retained', Buffer.from(key), Buffer.from(value));
  return batch;
}
