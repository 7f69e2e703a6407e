#!/usr/bin/env node
// Plain JavaScript for old versions of Node too: it finds a Node that can run Sluice, and runs it.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Runs TypeScript as it is, and has `node:sqlite` and argon2; the same as `engines` in package.json. */
const nodeNeeded = { major: 24, minor: 7 };

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// A checkout has the sources; the published package has what was built of them.
const main = [join(root, 'src', 'main.ts'), join(root, 'dist', 'main.js')].find(existsSync);

if (main === undefined) {
  fail(`Cannot start Sluice: expected src/main.ts or dist/main.js in ${root}, found neither`);
} else if (isNewEnough(process.versions.node)) {
  await import(pathToFileURL(main).href);
} else {
  runWithOtherNode(main);
}

function runWithOtherNode(script) {
  const node = nodeFromPackage();
  if (node === undefined) {
    fail(
      `Sluice needs Node ${nodeNeeded.major}.${nodeNeeded.minor} or newer, and this is Node ${process.versions.node} (${process.execPath}). ` +
        'Install a newer Node, or the "node" package of npm beside Sluice.',
    );
    return;
  }
  const child = spawn(node, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  const forward = (signal) => child.kill(signal);
  // Ctrl-C in a terminal reaches the child without us; here it must only not end this process first.
  process.on('SIGINT', process.stdin.isTTY ? () => undefined : forward);
  process.on('SIGTERM', forward);
  process.on('SIGHUP', forward);
  child.on('error', (error) => fail(`Cannot run Sluice with ${node}: ${error.message}`));
  // A shell reports a program that a signal ended as 128 + the signal's number.
  child.on('exit', (status, signal) => process.exit(signal === null ? status : 128 + constants.signals[signal]));
}

/** The Node that the "node" package of npm installed here, where it is new enough. */
function nodeFromPackage() {
  let manifest;
  try {
    manifest = createRequire(import.meta.url).resolve('node/package.json');
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  const binary = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return isNewEnough(version) && existsSync(binary) ? binary : undefined;
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > nodeNeeded.major || (major === nodeNeeded.major && minor >= nodeNeeded.minor);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
