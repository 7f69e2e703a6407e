import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SimulatedClock } from '../std/clock.ts';
import { createLog } from '../std/log.ts';
import { Environment } from './environment.ts';
import { ReaderSweeper } from './reader-sweeper.ts';
import { RowBatch } from './row-batch.ts';
import { Snapshot } from './snapshot.ts';

let folder: string;
let environment: Environment;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-snapshot-'));
  environment = new Environment(folder);
});
afterEach(async () => {
  await environment.close();
  rmSync(folder, { recursive: true });
});

test('a snapshot stays at its moment while the writer goes on, and its copy is of that kind too', async () => {
  await put(3, 'before');
  const snapshot = new Snapshot(folder);
  await put(5, 'behind');
  assert.equal(snapshot.get('retained', Buffer.from('0'))?.toString(), 'before');
  assert.equal(snapshot.get('retained', Buffer.from('4')), undefined);
  assert.deepEqual(
    [...snapshot.rows('retained')].map(({ value }) => value.toString()),
    Array(3).fill('before'),
  );
  assert.deepEqual([...snapshot.keys('retained', Buffer.from('1'))].map(String), ['1', '2']);
  assert.deepEqual([...snapshot.keys('sessions')], []);
  const copy = join(folder, 'copy');
  mkdirSync(copy);
  await snapshot.copyTo(copy);
  await snapshot.close();

  const copied = new Environment(copy);
  assert.equal(copied.count('retained'), 5);
  await copied.close();
});

test('a folder without an environment, or of another format, is not read', async () => {
  const batch = new RowBatch();
  batch.put('meta', Buffer.from('format'), Buffer.from([0, 0, 0, 2]));
  await environment.transact(batch);
  assert.throws(() => new Snapshot(folder), { code: 'conflict', message: /expected format version \d+, met 2/ });
  assert.throws(() => new Snapshot(join(folder, 'nowhere')), { code: 'not_found' });
});

test('a reader that was killed keeps pages from being used again until it is forgotten', async () => {
  await put(500, 'before');
  const child = fileURLToPath(new URL('./testing/reading-child.ts', import.meta.url));
  const reader = spawn(process.execPath, [child, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(reader.stdout, 'data');
  reader.kill('SIGKILL');
  await once(reader, 'exit');
  const held = await growth(20);
  const lines: string[] = [];
  const clock = new SimulatedClock();
  const sweeper = new ReaderSweeper({ environment, clock, log: createLog('info', (line) => lines.push(line)) });
  sweeper.start();
  clock.advance(60_000);
  sweeper.stop();
  assert.match(lines.join(), /"readers":1/);
  assert.ok(held > 0);
  assert.equal(await growth(20), 0);
});

/** How many bytes the file grows by while the same rows are written so many times. */
async function growth(times: number): Promise<number> {
  const before = statSync(join(folder, 'data.mdb')).size;
  for (let time = 0; time < times; time++) await put(500, `${time}`);
  return statSync(join(folder, 'data.mdb')).size - before;
}

async function put(count: number, value: string): Promise<void> {
  const batch = new RowBatch();
  for (let key = 0; key < count; key++) batch.put('retained', Buffer.from(String(key)), Buffer.from(value));
  await environment.transact(batch);
}
