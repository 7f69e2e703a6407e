import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { connectAsync, type MqttClient } from 'mqtt';
import { type Server, startConfigured } from './server.ts';
import { WorkerProcess } from './worker-process.ts';

const page = readFileSync(new URL('../docs/workers.md', import.meta.url), 'utf8');
/** The example of the page, with a device type. */
const options = {
  ...JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? ''),
  deviceTypes: { meter: { mode: 'queued', schemas: { telemetry: { properties: { n: { type: 'number' } } } } } },
};
const [{ token }] = options.access.tokens;
const devices = 20;

test('two workers, of which one is killed again and again, lose nothing and store nothing twice', async (t) => {
  const { server, publish } = await scene(t);
  const workers = [start(t, server, 'w0'), start(t, server, 'w1')];
  await Promise.all(workers.map((worker) => worker.atWork()));
  const rounds = 12;
  const perRound = 500;
  for (let round = 0; round < rounds; round++) {
    const published = publish(perRound);
    const place = round % workers.length;
    // In the middle of its work, wherever that is by now.
    await Promise.race([published, processed(server, round * perRound + perRound / 4)]);
    await workers[place].signal('SIGKILL');
    workers[place] = start(t, server, `w${round}`);
    await published;
  }
  await drained(server);
  account(t, server, rounds * perRound);
});

test('a server that is killed while workers work goes on with them when it is back', async (t) => {
  const { server, publish } = await scene(t);
  const worker = start(t, server, 'w0');
  await worker.atWork();
  const published = publish(1_000);
  await processed(server, 300);
  await server.stop('SIGKILL');
  await server.start();
  await worker.atWork(2);
  // What the server had not acknowledged comes again from the client.
  const count = await published;
  await drained(server);
  account(t, server, count);
});

test('a codec script that comes or changes while workers work is what they use from the next message on', async (t) => {
  const { server, publish } = await scene(t);
  await start(t, server, 'w0').atWork();
  for (const [version, factor] of [
    ['1.0.0', 10],
    ['1.1.0', 100],
  ]) {
    const script = `function decodeUplink({ bytes }) {
      const text = String.fromCharCode.apply(null, bytes);
      return { data: { scaled: JSON.parse(text).n * ${factor} } };
    }`;
    await server.api('PUT', `/v1/drivers/meter/${version}`, { deviceType: 'meter', firmware: '*', script });
    await publish(devices);
    await drained(server);
    // Numbers go on: the first of the second round is as many as there are devices, and d0's too.
    const n = factor === 10 ? 0 : devices;
    const { state } = await server.api<{ state: { key: string; value: unknown }[] }>('GET', '/v1/devices/d0/state');
    assert.deepEqual(
      state.map(({ key, value }) => [key, value]),
      [['scaled', n * Number(factor)]],
    );
  }
});

test('two workers share a backlog of a slow driver, though one of them was fast before', async (t) => {
  const { server, publish } = await scene(t);
  const first = start(t, server, 'w0');
  await first.atWork();
  await publish(2_000);
  await drained(server);
  const script = `function decodeUplink({ bytes }) {
    for (let until = Date.now() + 2; Date.now() < until; );
    return { data: { n: bytes.length } };
  }`;
  await server.api('PUT', '/v1/drivers/meter/1.0.0', { deviceType: 'meter', firmware: '*', script });
  await start(t, server, 'w1').atWork();
  const before = await answeredBy(server);
  await publish(1_000);
  await drained(server);
  const after = await answeredBy(server);
  const [one, other] = [after.w0 - before.w0, after.w1 - before.w1];
  assert.equal(one + other, 1_000);
  // How much of the processor each of them gets is the machine's affair; without sharing the first one has them all.
  assert.ok(Math.min(one, other) >= 100, `one worker had ${one} of 1,000, the other one ${other}`);
});

test('the messages of a worker that stands still go to another when its time is up, and its late answers change nothing', async (t) => {
  const { server, publish } = await scene(t);
  const session = await openSession(server);
  await publish(1);
  const line = await session.next();
  const at = `/v1/workers/${session.id}/results`;
  const results = [{ ok: true, readings: [{ data: { n: 41 } }], warnings: [] }];
  const post = (body: object): Promise<number> => statusOf(server, at, body);
  assert.equal(await post({ batch: line.batch + 1, from: 0, results }), 409);
  assert.equal(await post({ batch: line.batch, from: 1, results }), 400);
  assert.equal(await post({ batch: line.batch, from: 0, results: [{ ok: true, readings: 'lies' }] }), 400);
  const large = [{ ok: true, readings: [{ data: { n: 'x'.repeat(10 * 1024 * 1024) } }] }];
  assert.equal(await post({ batch: line.batch, from: 0, results: large }).catch(cutOff), 413);
  await session.cancel();
  const worker = start(t, server, 'w0');
  await worker.atWork();
  await drained(server);
  assert.equal(await post({ batch: line.batch, from: 0, results }), 404);
  account(t, server, 1);
  const state = await server.api<{ state: { value: unknown }[] }>('GET', '/v1/devices/d0/state');
  assert.equal(
    state.state.find(({ value }) => value === 41),
    undefined,
  );
});

test('a worker whose rights are taken away ends, and one that is stopped gives back nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { server, publish } = await scene(t, folder);
  const stopped = start(t, server, 'w0');
  await stopped.atWork();
  const published = await publish(300);
  assert.equal(await stopped.signal('SIGTERM'), 0);
  const { leasesExpired } = await ingest(server);
  assert.equal(leasesExpired, 0);
  const revoked = start(t, server, 'w1');
  await revoked.atWork();
  await drained(server);
  account(t, server, published);
  writeFileSync(join(folder, 'sluice.config.json'), JSON.stringify({ ...options, access: { tokens: [] } }));
  server.signal('SIGHUP');
  assert.equal(await revoked.ended, 1);
  assert.match(revoked.log, /credentials|does not count any more/i);
});

async function scene(t: TestContext, folder?: string) {
  const server = await startConfigured(t, options, folder);
  for (let device = 0; device < devices; device++) {
    await server.api('PUT', `/v1/devices/d${device}`, { type: 'meter' });
  }
  const client = await connectAsync(server.mqttUrl, { protocolVersion: 5, clientId: 'load', reconnectPeriod: 100 });
  t.after(() => client.endAsync(true));
  return { server, publish: numbered(client) };
}

/** Publishes so many further messages, each with an id; resolves with how many when all are acknowledged. */
function numbered(client: MqttClient): (count: number) => Promise<number> {
  let next = 0;
  return async (count) => {
    const sent = Array.from({ length: count }, () => {
      const n = next++;
      const payload = JSON.stringify({ messageId: `m${n}`, n });
      return client.publishAsync(`devices/d${n % devices}/telemetry`, payload, { qos: 1 });
    });
    await Promise.all(sent);
    return count;
  };
}

function start(t: TestContext, server: Server, name: string): WorkerProcess {
  const worker = new WorkerProcess(server.httpUrl, token, name);
  t.after(() => worker.signal('SIGKILL'));
  return worker;
}

interface IngestNumbers {
  readonly ready: number;
  readonly leased: number;
  readonly scheduled: number;
  readonly acknowledged: number;
  readonly leasesExpired: number;
}

async function ingest(server: Server): Promise<IngestNumbers> {
  return (await server.api<{ stats: IngestNumbers }>('GET', '/v1/queues/ingest')).stats;
}

/** By the name that a worker gave. */
async function answeredBy(server: Server): Promise<Record<string, number>> {
  const { workers } = await server.api<{ workers: { id: string; answered: number }[] }>('GET', '/v1/workers');
  return Object.fromEntries(workers.map(({ id, answered }) => [id.split(':')[1], answered]));
}

async function drained(server: Server): Promise<void> {
  for (;;) {
    const { ready, leased, scheduled } = await ingest(server);
    if (ready + leased + scheduled === 0) return;
  }
}

async function processed(server: Server, count: number): Promise<void> {
  while ((await ingest(server)).acknowledged < count);
}

/** Every message is in history, once. */
function account(t: TestContext, server: Server, sent: number): void {
  const database = new DatabaseSync(join(server.data, 'devices.sqlite'), { readOnly: true });
  const row = database.prepare('SELECT count(*) n, count(DISTINCT message_id) ids FROM history').get();
  database.close();
  t.diagnostic(`sent ${sent}, in history ${row?.n}`);
  assert.deepEqual({ ...row }, { n: sent, ids: sent });
}

async function statusOf(server: Server, path: string, body: object): Promise<number> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const response = await fetch(server.httpUrl + path, { method: 'POST', headers, body: JSON.stringify(body) });
  await response.text();
  return response.status;
}

/** A body above the limit may be refused while it is sent: then its sender cannot write on. */
function cutOff(problem: Error): number {
  const code = (problem.cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  if (code === 'EPIPE' || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 413;
  throw problem;
}

/** A worker by hand. */
async function openSession(server: Server) {
  const listed = await server.api<{ drivers: { id: string; version: string; builtIn: boolean }[] }>(
    'GET',
    '/v1/drivers',
  );
  const drivers = listed.drivers.filter(({ builtIn }) => builtIn).map(({ id, version }) => `${id}@${version}`);
  const response = await fetch(`${server.httpUrl}/v1/workers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ name: 'by-hand', drivers }),
  });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  const next = async () => {
    for (;;) {
      const end = text.indexOf('\n');
      if (end >= 0) {
        const line = JSON.parse(text.slice(0, end));
        text = text.slice(end + 1);
        if (line.kind !== 'waiting') return line;
      } else {
        const { value } = await reader.read();
        text += decoder.decode(value, { stream: true });
      }
    }
  };
  const { session } = await next();
  return { id: session as string, next, cancel: () => reader.cancel() };
}
