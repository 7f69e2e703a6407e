import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const dependencies = join(root, 'node_modules');
const compiler = join(dependencies, 'typescript', 'bin', 'tsc');

const program = `
import { connect, idempotent, MemoryLedger, type Client, type Handler } from 'sluice/sdk';
const handler: Handler = idempotent({
  ledger: new MemoryLedger(),
  work: (message) => message.json<{ n: number }>().n,
  effect: (n) => console.log(n.toFixed()),
});
const use = async (client: Client): Promise<void> => {
  await client.publish('a', { n: 1 }, { dedupId: 'x' });
  await (await client.consume('jobs', handler, { concurrency: 2 })).stop();
};
console.log(typeof connect, typeof use);
`;

test('the published package gives "sluice/sdk" with its types', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-package-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const installed = join(folder, 'node_modules', 'sluice');
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, 'package.json'), join(installed, 'package.json'));
  await run(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', join(installed, 'dist')]);
  symlinkSync(dependencies, join(installed, 'node_modules'));
  mkdirSync(join(folder, 'node_modules', '@types'));
  symlinkSync(join(dependencies, '@types', 'node'), join(folder, 'node_modules', '@types', 'node'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'program.ts'), program);
  const check = ['--module', 'nodenext', '--target', 'es2024', '--strict', '--types', 'node', '--noEmit'];
  await run(process.execPath, [compiler, ...check, 'program.ts'], { cwd: folder }).catch((problem) => {
    assert.fail(problem.stdout);
  });
  const { stdout } = await run(process.execPath, [join(folder, 'program.ts')]);
  assert.equal(stdout, 'function function\n');
});

test('a checkout gives it from the sources under the condition "sluice-source"', async () => {
  const script = `console.log(typeof (await import('sluice/sdk')).connect)`;
  const { stdout } = await run(
    process.execPath,
    ['--conditions=sluice-source', '--input-type=module', '--eval', script],
    { cwd: root },
  );
  assert.equal(stdout, 'function\n');
});

test('on a Node without node:sqlite and other things that are new the SDK loads, and a SqliteLedger says what it needs', async () => {
  const script = `
    delete Promise.withResolvers;
    delete Map.groupBy;
    const { connect, SqliteLedger, MemoryLedger } = await import('sluice/sdk');
    await connect('mqtt://127.0.0.1:1').catch((problem) => console.log(problem.name));
    new MemoryLedger();
    try { new SqliteLedger(':memory:') } catch (problem) { console.log(problem.message) }`;
  const flags = ['--no-experimental-sqlite', '--conditions=sluice-source', '--input-type=module', '--eval', script];
  const { stdout } = await run(process.execPath, flags, { cwd: root });
  assert.match(
    stdout,
    /^ConnectionRefused\nCannot open a SqliteLedger: it needs Node 22.13 or newer, which has node:sqlite, and this is /,
  );
});
