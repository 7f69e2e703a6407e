import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../bin/sluice.js', import.meta.url));
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** Makes the running Node say that it is an older one. */
const oldNode = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.9.0' } })`;
const echoArguments = 'console.log("arguments", ...process.argv.slice(2)); process.exitCode = 7;';

test('a checkout runs its sources, with the arguments and the exit status', async () => {
  const folder = packageWith({ 'src/main.ts': `${echoArguments} const typed: number = 1;`, 'dist/main.js': '' });
  assert.deepEqual(await run(folder, [], ['start', '--data', 'x']), {
    status: 7,
    output: 'arguments start --data x\n',
    errors: '',
  });
});

test('the published package runs what was built', async () => {
  const folder = packageWith({ 'dist/main.js': echoArguments });
  assert.equal((await run(folder, [], ['pub'])).output, 'arguments pub\n');
});

test('an older Node runs Sluice with the Node of the npm package, with the arguments and the exit status', async () => {
  const folder = packageWith({ 'dist/main.js': echoArguments, ...nodePackage('24.7.0') });
  const { status, output } = await run(folder, ['--import', oldNode], ['queue', 'list']);
  assert.deepEqual({ status, output }, { status: 7, output: 'arguments queue list\n' });
});

test('signals reach the process that an older Node started, and its end is passed on', async () => {
  const main = `
    process.on('SIGTERM', () => { console.log('stopping'); process.exit(9); });
    setInterval(() => undefined, 1000);
    console.log('up');`;
  const folder = packageWith({ 'dist/main.js': main, ...nodePackage('24.7.0') });
  const child = launch(folder, ['--import', oldNode], []);
  const output: string[] = [];
  child.stdout.on('data', (text) => {
    output.push(String(text));
    if (output.join('') === 'up\n') child.kill('SIGTERM');
  });
  const [status] = await once(child, 'close');
  assert.equal(status, 9);
  assert.equal(output.join(''), 'up\nstopping\n');
});

test('an older Node without that package says what is needed and what was met', async () => {
  const folder = packageWith({ 'dist/main.js': echoArguments });
  const { status, output, errors } = await run(folder, ['--import', oldNode], ['start']);
  assert.equal(status, 1);
  assert.equal(output, '');
  assert.match(errors, /needs Node 24\.7 or newer, and this is Node 20\.9\.0/);
});

test('the process that was started is the server', async () => {
  const folder = packageWith({ 'dist/main.js': 'console.log(process.pid)' });
  const child = launch(folder, [], ['start']);
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  await once(child, 'close');
  assert.equal(Number(output), child.pid);
});

test('a Node package that is too old itself is not used', async () => {
  for (const version of ['22.9.0', '24.6.0']) {
    const folder = packageWith({ 'dist/main.js': echoArguments, ...nodePackage(version) });
    assert.match((await run(folder, ['--import', oldNode], [])).errors, /needs Node 24\.7/);
  }
});

/** The npm package "node" of some version; its binary is the Node that runs this test. */
function nodePackage(version: string): Record<string, string> {
  return {
    'node_modules/node/package.json': JSON.stringify({ name: 'node', version }),
    'node_modules/node/bin/node': `#!/bin/sh\nexec "${process.execPath}" "$@"\n`,
  };
}

function packageWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-launcher-'));
  folders.push(folder);
  for (const [name, text] of Object.entries({ 'package.json': '{"type":"module"}', 'bin/sluice.js': '', ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o755);
  }
  copyFileSync(launcher, join(folder, 'bin', 'sluice.js'));
  return folder;
}

function launch(folder: string, nodeOptions: readonly string[], args: readonly string[]) {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return spawn(process.execPath, [...nodeOptions, join(folder, 'bin', 'sluice.js'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function run(folder: string, nodeOptions: readonly string[], args: readonly string[]) {
  const child = launch(folder, nodeOptions, args);
  let output = '';
  let errors = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const [status] = await once(child, 'close');
  return { status, output, errors };
}
