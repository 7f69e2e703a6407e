import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const freePorts = ['--mqtt-port', '0', '--http-port', '0'];
let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sluice-start-'));
});
afterEach(() => rm(cwd, { recursive: true }));

function start(...flags: string[]): ChildProcess & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream } {
  const env = { PATH: process.env.PATH };
  const child = spawn(process.execPath, [main, 'start', ...flags], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  return child as ReturnType<typeof start>;
}

async function readyLine(child: ReturnType<typeof start>): Promise<Record<string, unknown>> {
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, 'line');
  return JSON.parse(line);
}

test('start prints one line of JSON when it is ready, serves, and stops cleanly at SIGTERM', async () => {
  const child = start(...freePorts);
  const log = text(child.stderr);
  const ready = await readyLine(child);
  assert.deepEqual(Object.keys(ready), ['event', 'mqtt', 'http', 'pid', 'listeners']);
  assert.equal(ready.event, 'ready');
  assert.equal(ready.pid, child.pid);
  assert.equal((await fetch(`http://127.0.0.1:${ready.http}/readyz`)).status, 200);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null], await log);
  for (const line of (await log).trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line), line);
});

test('a server that is asked to stop while it starts says so, and stops in order', async () => {
  const data = join(cwd, 'data');
  const child = start(...freePorts, '--data', data);
  const log = text(child.stderr);
  let isReady = false;
  child.stdout.once('data', () => {
    isReady = true;
  });
  // The mark of a start is there before the server is loaded, which takes far longer than to see it. Who misses it comes later, which may change nothing.
  while (!isReady && !existsSync(join(data, 'queues', 'starting'))) await turn();
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null], await log);
  const said = (await log)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).message);
  assert.deepEqual([said.filter((line) => line === 'Stopping').length, said.at(-1)], [1, 'Stopped']);
  assert.equal(existsSync(join(data, 'queues', 'starting')), false);
});

test('a server that is asked to read its configuration again while it starts does so once it has started', async () => {
  const data = join(cwd, 'data');
  const file = join(cwd, 'sluice.config.json');
  await writeFile(file, '{}');
  const child = start(...freePorts, '--data', data);
  const ended = once(child, 'close');
  let isReady = false;
  const ready = readyLine(child).then(() => {
    isReady = true;
  });
  const said: { message: string; changedAtNextStart?: readonly string[] }[] = [];
  const readAgain = new Promise<void>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(JSON.parse(line));
      if (said.at(-1)?.message === 'Configuration read again') resolve();
    });
  });
  // As above: who misses the mark comes later, which may change nothing.
  while (!isReady && !existsSync(join(data, 'queues', 'starting'))) await turn();
  await writeFile(file, '{ "mqtt": { "sysIntervalSeconds": 7 } }');
  child.kill('SIGHUP');
  await Promise.race([Promise.all([ready, readAgain]), ended]);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null], JSON.stringify(said));
  const again = said.filter(({ message }) => message === 'Configuration read again');
  assert.deepEqual(
    again.map(({ changedAtNextStart }) => changedAtNextStart),
    [['mqtt.sysIntervalSeconds']],
  );
  assert.equal(existsSync(join(data, 'queues', 'starting')), false);
});

test('start says where to look when the one before ended without a word, and not when it ended with one', async () => {
  const data = join(cwd, 'data');
  await mkdir(join(data, 'queues'), { recursive: true });
  await writeFile(join(data, 'queues', 'starting'), '');
  const refused = start('--mqtt-port', '0', '--http-port', '0', '--host', '192.0.2.1', '--data', data);
  const [said] = await Promise.all([text(refused.stderr), once(refused, 'exit')]);
  assert.ok(said.includes(`sluice doctor --data ${data}`), said);
  const child = start(...freePorts, '--data', data);
  const log = text(child.stderr);
  await readyLine(child);
  assert.equal((await readdir(join(data, 'queues'))).includes('starting'), false);
  child.kill('SIGTERM');
  await once(child, 'exit');
  assert.doesNotMatch(await log, /doctor/);
});

test('start takes its options from a config file', async () => {
  await writeFile(join(cwd, 'sluice.config.ts'), 'export default { mqtt: { port: 0 }, http: { port: 0 }, data: "d" };');
  const child = start();
  const { http } = await readyLine(child);
  assert.equal((await fetch(`http://127.0.0.1:${http}/healthz`)).status, 200);
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('start with an option that it does not know ends with the nearest one', async () => {
  const child = start('--mqtt-prt', '0');
  const log = text(child.stderr);
  assert.deepEqual(await once(child, 'exit'), [2, null]);
  assert.match(await log, /^Unknown option "--mqtt-prt"; did you mean "--mqtt-port"\?$/m);
});

test('start with a wrong config file ends with every problem in it', async () => {
  await writeFile(join(cwd, 'sluice.config.json'), '{ "mqtt": { "prot": 1 }, "host": 5 }');
  const child = start();
  const log = text(child.stderr);
  assert.deepEqual(await once(child, 'exit'), [1, null]);
  assert.match(await log, /Unknown option "mqtt\.prot"; did you mean "mqtt\.port"\?/);
  assert.match(await log, /Cannot set host to 5: expected a host name/);
});

test('start with data that cannot be a folder ends with what to do', async () => {
  await writeFile(join(cwd, 'file'), '');
  const child = start(...freePorts, '--data', 'file');
  const log = text(child.stderr);
  assert.deepEqual(await once(child, 'exit'), [1, null]);
  const data = join(cwd, 'file');
  assert.equal(
    (await log).trim().split('\n').at(-1),
    `Cannot use the data folder "${data}": a part of its path is a file, not a folder; give another --data`,
  );
});

test('start on a port that is taken ends with the port and its flag', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  for (const flag of ['--mqtt-port', '--http-port']) {
    const child = start(flag, `${port}`, flag === '--mqtt-port' ? '--http-port' : '--mqtt-port', '0');
    const log = text(child.stderr);
    assert.deepEqual(await once(child, 'exit'), [1, null]);
    assert.match(
      await log,
      new RegExp(`^Cannot listen on port ${port} of .*: another process listens there; give another ${flag}$`, 'm'),
    );
  }
  taken.close();
  await once(taken, 'close');
});

test('start with a listener on a port that is taken, or without its certificate, ends with its name', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const tls = { certFile: 'missing.pem', keyFile: 'missing.key' };
  const endings: readonly (readonly [object, RegExp])[] = [
    [
      { type: 'ws', port },
      new RegExp(`^Cannot listen on port ${port} of .*; give another listeners\\.web\\.port$`, 'm'),
    ],
    [
      { type: 'wss', port: 0, tls },
      /listener "web": Cannot read TLS file ".*missing\.(pem|key)": there is no such file$/m,
    ],
  ];
  for (const [web, message] of endings) {
    await writeFile(join(cwd, 'sluice.config.json'), JSON.stringify({ listeners: { web } }));
    const child = start(...freePorts);
    const log = text(child.stderr);
    assert.deepEqual(await once(child, 'exit'), [1, null]);
    assert.match(await log, message);
  }
  taken.close();
  await once(taken, 'close');
});

test('a second server on the same data is refused', async () => {
  const first = start(...freePorts);
  await readyLine(first);
  const second = start(...freePorts);
  const log = text(second.stderr);
  const [status] = await once(second, 'exit');
  assert.equal(status, 1);
  assert.match(await log, /data/);
  first.kill('SIGTERM');
  assert.deepEqual(await once(first, 'exit'), [0, null]);
});
