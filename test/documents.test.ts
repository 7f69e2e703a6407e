import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from '../src/cli/testing/fake-server.ts';
import { startServer } from './server.ts';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

test('the uplink that docs/fleet.md has its reader send by hand becomes a reading', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  const [, block] = /```sh\n([^`]*?lorawan\/events[^`]*?)```/.exec(read('docs/fleet.md')) ?? [];
  const commands = Array.from(block.matchAll(/^sluice (.*)$/gm), ([, line]) => line.split(' '));
  const [type, device, state] = commands.map(
    (argv) => () => run(argv, { env: { SLUICE_URL: server.httpUrl }, cwd: '.' }),
  );
  assert.deepEqual([(await type()).status, (await device()).status], [0, 0]);
  const [, body] = / -d '([^']*)'/.exec(block) ?? [];
  await server.api('POST', '/v1/lorawan/events', JSON.parse(body));
  // It is answered when it is safe, and read after that.
  while (!/temperature +30\.8/.test((await state()).out)) assert.ok(!t.signal.aborted);
});

test('a page whose commands begin with `sluice` says how a checkout calls it', () => {
  const folder = new URL('../docs/', import.meta.url);
  const pages = readdirSync(folder).filter((name) => name.endsWith('.md'));
  const withCommands = pages.filter((name) => /^ *sluice [a-z]/m.test(read(`docs/${name}`)));
  assert.ok(withCommands.length > 5, 'pages are found');
  assert.deepEqual(
    withCommands.filter((name) => !read(`docs/${name}`).includes('`npx sluice` in a checkout')),
    [],
  );
});

test('the worker of docs/sdk.md does what the page says', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  const page = read('docs/sdk.md');
  const [, command] = /^ {4}sluice (queue create .*)$/m.exec(page) ?? [];
  const argv = command.split(' ').map((word) => word.replaceAll("'", ''));
  assert.equal((await run(argv, { env: { SLUICE_URL: server.httpUrl }, cwd: '.' })).status, 0, command);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-sdk-page-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [, program] = /```js\n([^`]*?(?:`[^`\n]*`[^`]*?)*)```/.exec(page) ?? [];
  const source = fileURLToPath(new URL('../src/sdk/sdk.ts', import.meta.url));
  writeFileSync(join(folder, 'worker.mjs'), program.replace("'sluice/sdk'", JSON.stringify(source)));
  const env = { ...process.env, SLUICE_MQTT: `mqtt://127.0.0.1:${server.mqttPort}` };
  const worker = spawn(process.execPath, ['worker.mjs'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => worker.kill('SIGKILL'));
  const [said] = await once(worker.stdout, 'data');
  assert.equal(String(said), '3 orders are on disk\n');
  const numbers = async () =>
    (await server.api('GET', '/v1/queues/orders/stats')) as { acknowledged: number; deadLettered: number };
  for (let now = await numbers(); now.acknowledged < 2 || now.deadLettered < 1; now = await numbers())
    assert.ok(!t.signal.aborted);
  worker.kill('SIGINT');
  assert.deepEqual(await once(worker, 'exit'), [0, null]);
  const totals = new DatabaseSync(join(folder, 'orders.sqlite')).prepare('SELECT customer, cents FROM totals').all();
  assert.deepEqual(
    totals.map(({ customer, cents }) => [customer, cents]),
    [['anna', 1500]],
  );
  const { out } = await run(['dead', 'list', '--queue', 'orders.dead'], {
    env: { SLUICE_URL: server.httpUrl },
    cwd: '.',
  });
  assert.match(out, /cents is 0, expected more than 0/);
});

test('git leaves alone the folders that the README has its reader make', () => {
  const made = Array.from(read('README.md').matchAll(/sluice driver new (\w+)/g), ([, name]) => name);
  assert.ok(made.length > 0);
  const ignored = read('.gitignore').split('\n');
  for (const name of made) assert.ok(ignored.includes(`/${name}/`), name);
});
