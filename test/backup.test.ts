import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Load } from '../bench/kill/load.ts';
import { drain } from './clients/numbered-publisher.ts';
import { Program } from './clients/program.ts';
import { Server, startServer } from './server.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

interface Stats {
  readonly ready: number;
}

test('a backup that is taken under load holds whole commits, with all that was acknowledged before it', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'sluice-backup-'));
  t.after(() => rmSync(home, { recursive: true }));
  const server = await startServer(t);
  await server.api('POST', '/v1/queues', { name: 'bench', options: { bindings: [{ filter: 'bench/#' }] } });
  const load = new Load({ publishers: 4, consumers: 0, size: 256 });
  t.after(() => load.close());
  load.connect(server.mqttPort);
  assert.ok(await load.reached(() => load.account.acknowledged >= 5_000), 'no load');

  const before = load.account.acknowledgedNumbers();
  await sluice('backup', join(home, 'copy'), '--data', server.data);
  const published = load.account.total;
  assert.ok(load.account.acknowledged > before.length, 'the server stood still while the backup was taken');
  await server.stop('SIGKILL');
  await load.lifeEnded();

  await sluice('restore', join(home, 'copy'), '--data', join(home, 'data'));
  const restored = new Server(join(home, 'data'), [], home);
  t.after(() => restored.stop('SIGKILL').then(() => undefined));
  await restored.start();
  const { ready } = await restored.api<Stats>('GET', '/v1/queues/bench/stats');
  const came = await drain(restored.mqttPort, 'bench', ready);
  assert.equal(came.size, ready);
  assert.deepEqual(
    before.filter((number) => !came.has(number)),
    [],
  );
  assert.ok([...came].every((number) => number < published));
});

async function sluice(...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await new Program(process.execPath, [main, ...args]).ended;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
}
