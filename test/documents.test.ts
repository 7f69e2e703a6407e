import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
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

test('git leaves alone the folders that the README has its reader make', () => {
  const made = Array.from(read('README.md').matchAll(/sluice driver new (\w+)/g), ([, name]) => name);
  assert.ok(made.length > 0);
  const ignored = read('.gitignore').split('\n');
  for (const name of made) assert.ok(ignored.includes(`/${name}/`), name);
});
