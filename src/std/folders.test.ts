import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { makeFolders } from './folders.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-folders-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('makes a folder with those above it, and leaves one that is there', () => {
  const deep = join(folder, 'a', 'b', 'c');
  makeFolders(deep, 0o700);
  makeFolders(deep);
  assert.deepEqual(
    [deep, join(folder, 'a')].map((path) => statSync(path).mode & 0o777),
    [0o700, 0o700],
  );
});

test('what cannot be a folder is told, with the path', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  assert.throws(() => makeFolders(file), { code: 'EEXIST', path: file });
  assert.throws(() => makeFolders(join(file, 'a', 'b')), { code: 'ENOTDIR' });
  assert.throws(() => makeFolders(''), { code: 'ENOENT' });
});

test('ends where nothing can be made in a folder that is there', () => {
  // Gone while somebody stands in it: it is there, and takes nothing more.
  const gone = join(folder, 'gone');
  mkdirSync(gone);
  const before = process.cwd();
  process.chdir(gone);
  rmSync(gone, { recursive: true });
  try {
    assert.throws(() => makeFolders(join('a', 'b')), { code: 'ENOENT' });
  } finally {
    process.chdir(before);
  }
});
