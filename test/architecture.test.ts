import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fileProblems } from './architecture/file-rules.ts';
import { cycleProblems, deadFileProblems } from './architecture/import-graph.ts';
import { layerProblems } from './architecture/layers.ts';
import { readSourceTree } from './architecture/source-tree.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const tree = new Map([
  ...readSourceTree(root, ['src', 'test', 'bench', 'examples'], '.ts'),
  ...readSourceTree(root, ['bin'], '.js'),
]);
const npmScriptsMax = 12;

/** Files in src/ that something other than an import in src/ loads, each with the reason. */
const entryPoints: Readonly<Record<string, string>> = {
  'src/main.ts': 'what node, npm start and bin/sluice.js run',
  'src/sdk/sdk.ts': 'what "sluice/sdk" imports, by package.json',
  'src/platform/copy-process.ts': 'the process of platform/backup.ts',
  'src/platform/doctor/check-process.ts': 'the process of platform/doctor/examine.ts',
  'src/devices/sqlite/worker.ts': 'a thread of worker-client.ts',
  'src/pipeline/driver-host/driver-thread.ts': 'a thread of thread-runner.ts',
  'src/pipeline/driver-host/script-process.ts': 'a process of process-runner.ts',
};

test('every folder imports lower layers only', () => {
  none(layerProblems(tree));
});

test('no files import each other in a circle', () => {
  none(cycleProblems(tree));
});

test('every source file is reached from an entry point', () => {
  none(deadFileProblems(tree, entryPoints));
});

test('files are short, well named, export by name, and hide neither errors nor tests', () => {
  none(fileProblems(tree));
});

test('there are at most a dozen npm scripts', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  assert.ok(Object.keys(scripts).length <= npmScriptsMax, Object.keys(scripts).join(', '));
});

function none(problems: readonly string[]): void {
  if (problems.length > 0) assert.fail(`${problems.length} of these:\n${problems.join('\n')}`);
}
