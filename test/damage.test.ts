import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examine } from '../src/platform/doctor/examine.ts';
import { drain, NumberedPublisher } from './clients/numbered-publisher.ts';
import { Program } from './clients/program.ts';
import { Server } from './server.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const pageBytes = 4_096;
const messages = 1_000;
/** Its record is what is damaged. */
const victim = 500;

let home: string;
/** A data folder as SIGKILL left it, with the queue `work`. */
let sound: string;
before(async () => {
  home = mkdtempSync(join(tmpdir(), 'sluice-damage-'));
  sound = join(home, 'sound');
  const server = new Server(sound, [], home);
  await server.start();
  await server.api('POST', '/v1/queues', { name: 'work', options: { bindings: [{ filter: 'work/#' }] } });
  const publisher = new NumberedPublisher(server.mqttPort);
  await publisher.connected;
  await publisher.publish('work/a', messages, 200);
  assert.equal(publisher.acknowledged.length, messages);
  publisher.close();
  assert.deepEqual((await examine(sound)).findings, [], 'beside the server that writes');
  await server.stop('SIGKILL');
});
after(() => rmSync(home, { recursive: true }));

test('the folder of a server that was killed has nothing wrong with it', async () => {
  const { findings, rows } = await examine(sound);
  assert.deepEqual(findings, []);
  assert.ok(rows > 2 * messages, `${rows} rows were read`);
});

test('a flipped bit costs its message its place in the queue, and no other', async (t) => {
  const data = damaged('bit', (bytes, at) => {
    bytes[at + 20] ^= 1;
  });
  const { findings } = await examine(data);
  assert.equal(findings.length, 1);
  assert.match(findings[0].where, /^queue "work", message \d+$/);
  const server = await serverOn(t, data);
  const came = await drain(server.mqttPort, 'work', messages - 1);
  assert.equal(came.has(victim), false);
  const { messages: dead } = await server.api<{ messages: readonly { payload: string; death: { code: string } }[] }>(
    'GET',
    '/v1/queues/work.dead/messages',
  );
  assert.deepEqual(
    dead.map(({ death }) => death.code),
    ['damaged'],
  );
});

test('a torn page is found by what is missing, and a backup of it says so', async () => {
  const data = damaged('torn', (bytes, at) => {
    const page = at - (at % pageBytes);
    bytes.fill(0, page + pageBytes / 2, page + pageBytes);
  });
  const args = [main, 'backup', join(home, 'copy-of-torn'), '--data', data];
  const { code, stderr } = await new Program(process.execPath, args).ended;
  assert.equal(code, 1);
  assert.match(stderr, /table messages: Pages are damaged: 1000 rows were written and \d+ can be read\n/);
});

test('a page that LMDB dies of ends one process of the check, which goes on behind it', async () => {
  const data = damaged('headless', (bytes, at) => {
    const page = at - (at % pageBytes);
    bytes.fill(0, page, page + pageBytes / 2);
  });
  const { findings } = await examine(data);
  assert.deepEqual(
    findings.map(({ where }) => where),
    ['table messages', 'queues'],
  );
  for (const { problem } of findings)
    assert.match(problem, /ended by SIG[A-Z]+, in table messages, behind key [0-9a-f]+$/);
});

test('a page that cannot be read ends the server, which says what to do', async (t) => {
  const data = damaged('unreadable', (bytes, at) => {
    const page = at - (at % pageBytes);
    bytes.fill(0xa5, page, page + pageBytes);
  });
  const server = await serverOn(t, data);
  const came = await drain(server.mqttPort, 'work', messages);
  assert.ok(came.size < messages && !came.has(victim), `${came.size} came`);
  assert.equal(await server.ended, 1);
  const line = await server.logged(/Ending: storage failed/);
  assert.match(line, /Cannot read table \\"messages\\": MDB_PAGE_NOTFOUND.*; see what `sluice doctor` says of/);
});

/** A copy of the sound folder, whose environment is changed where the record of the victim begins. */
function damaged(name: string, change: (bytes: Buffer, payloadAt: number) => void): string {
  const data = join(home, name);
  cpSync(sound, data, { recursive: true });
  const file = join(data, 'queues', 'data.mdb');
  const bytes = readFileSync(file);
  const payload = Buffer.alloc(40, 'x');
  payload.writeUInt32BE(victim);
  change(bytes, bytes.indexOf(payload));
  writeFileSync(file, bytes);
  return data;
}

async function serverOn(t: { after(hook: () => Promise<void>): void }, data: string): Promise<Server> {
  const server = new Server(data, [], home);
  t.after(() => server.stop('SIGKILL').then(() => undefined));
  await server.start();
  return server;
}
