import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { SimulatedClock } from '../std/clock.ts';
import { createLog } from '../std/log.ts';
import { DiskSpace } from './disk-space.ts';
import { GroupCommit } from './group-commit.ts';

let free: number;
let measureFails = false;
let clock: SimulatedClock;
let lines: string[];
beforeEach(() => {
  free = 1_000;
  clock = new SimulatedClock();
  lines = [];
});

function space(freeBytesMin: number): DiskSpace {
  const measure = (): number => {
    if (measureFails) throw new Error('EIO');
    return free;
  };
  const log = createLog('info', (line) => lines.push(line));
  return new DiskSpace({ freeBytesMin, measure, folder: '/data', clock, log });
}

function codeOf({ refusal }: DiskSpace): string | undefined {
  return refusal?.code;
}

test('what is staged and not written counts twice against the room that was measured', () => {
  const disk = space(400);
  disk.staged(300);
  assert.equal(codeOf(disk), undefined);
  disk.staged(1);
  assert.equal(codeOf(disk), 'disk_full');
  assert.equal(lines.length, 1);
});

test('a refusal ends when a measurement finds room, and begins when others have taken it', () => {
  const disk = space(400);
  disk.start();
  free = 399;
  clock.advance(1_000);
  assert.match(disk.refusal?.message ?? '', /^Cannot store: 0 MiB are free for the data folder/);
  free = 400;
  assert.equal(disk.refusal?.code, 'disk_full');
  clock.advance(1_000);
  assert.equal(disk.refusal, undefined);
  assert.equal(lines.length, 2);
  disk.stop();
});

test('room that was taken is given back by the flush, seen by the next measurement', () => {
  const disk = space(400);
  disk.start();
  disk.staged(301);
  assert.equal(disk.refusal?.code, 'disk_full');
  disk.flushed(301);
  clock.advance(1_000);
  assert.equal(disk.refusal, undefined);
  disk.stop();
});

test('where the system does not say what is free, it is logged once and what was so stays so', () => {
  const disk = space(400);
  disk.start();
  free = 100;
  clock.advance(1_000);
  measureFails = true;
  clock.advance(5_000);
  disk.staged(10_000);
  assert.deepEqual([codeOf(disk), disk.freeBytes, lines.length], ['disk_full', Number.NaN, 2]);
  measureFails = false;
  free = 1_000;
  disk.flushed(10_000);
  clock.advance(1_000);
  assert.deepEqual([codeOf(disk), disk.freeBytes], [undefined, 1_000]);
  disk.stop();
});

test('with nothing to keep free nothing is measured or refused', () => {
  free = 0;
  const disk = space(0);
  disk.staged(1_000_000);
  assert.equal(disk.refusal, undefined);
});

test('a commit says that the disk is full, and still takes what removes rows', async () => {
  free = 399;
  const transactions: number[] = [];
  const environment = { transact: async (rows: { size: number }) => void transactions.push(rows.size) };
  const commit = new GroupCommit({ environment, space: space(400) });
  assert.equal(commit.refusal?.code, 'disk_full');
  commit.remove('retained', Buffer.from('a'));
  await commit.flushed();
  assert.deepEqual(transactions, [1]);
  assert.equal(commit.failure, undefined);
});
