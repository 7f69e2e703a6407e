import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { DataLock } from '../storage/data-lock.ts';
import { StartMark } from './start-mark.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-mark-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const none = (problem: unknown): void => assert.fail(String(problem));

test('a start finds what one left that ended without a word, and takes away what it set itself', () => {
  const left = new StartMark(join(folder, 'queues'), none);
  assert.equal(left.wasLeft, false);
  const next = new StartMark(join(folder, 'queues'), none);
  assert.equal(next.wasLeft, true);
  next.remove();
  assert.equal(new StartMark(join(folder, 'queues'), none).wasLeft, false);
});

test('a second server says nothing of the one that is starting, and leaves it its file', () => {
  const starting = new StartMark(folder, none);
  const lock = new DataLock(folder);
  const second = new StartMark(folder, none);
  assert.equal(second.wasLeft, false);
  second.remove();
  assert.equal(existsSync(join(folder, 'starting')), true);
  starting.remove();
  assert.equal(existsSync(join(folder, 'starting')), false);
  lock.release();
});

test('a file that can be neither written nor removed is told, and no more', () => {
  mkdirSync(join(folder, 'starting'));
  const problems: unknown[] = [];
  const mark = new StartMark(folder, (problem) => problems.push(problem));
  mark.remove();
  assert.equal(problems.length, 2);
  writeFileSync(join(folder, 'file'), '');
  new StartMark(join(folder, 'file', 'queues'), (problem) => problems.push(problem)).remove();
  assert.ok(problems.length > 2);
});
