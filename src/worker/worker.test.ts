import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { activeRollout } from '../devices/rollout.ts';
import type { DecodeRequest, DecodeResult, ListedDriver } from '../pipeline/driver.ts';
import { TestDriverHost } from '../pipeline/testing/test-driver-host.ts';
import { scaleMs } from '../pipeline/thread-scale.ts';
import { BatchWriter, type WorkLine } from '../pipeline/workers/wire.ts';
import { HttpProblem } from '../sdk/http/http-api.ts';
import { SimulatedClock } from '../std/clock.ts';
import { silentLog } from '../std/log.ts';
import { Worker } from './worker.ts';

/** A server in this process: gives the sessions their lines, and hears what is posted. */
class TestServer {
  readonly posted: { path: string; body: Record<string, unknown> }[] = [];
  readonly writer = new BatchWriter(() => undefined);
  /** What the next sessions are refused with. */
  readonly refusals: HttpProblem[] = [];
  /** Whether it takes reports. */
  hearsReports = false;
  /** Whether posts are answered. */
  silent = false;
  sessions = 0;
  #push: ((line: string | undefined) => void) | undefined;
  #opened = Promise.withResolvers<void>();
  #heard = Promise.withResolvers<void>();

  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Resolves at the next post. */
  get heard(): Promise<void> {
    return this.#heard.promise;
  }

  say(line: WorkLine | string): void {
    this.#push?.(typeof line === 'string' ? line : JSON.stringify(line));
  }

  /** Ends the connection. */
  drop(): void {
    this.#push?.(undefined);
  }

  async *lines(_path: string, _hello: object, signal: AbortSignal): AsyncGenerator<string> {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    const waiting: (string | undefined)[] = [
      JSON.stringify({
        kind: 'open',
        session: `s${++this.sessions}`,
        bodyBytesMax: 1e6,
        hearsReports: this.hearsReports,
      }),
    ];
    let wake = Promise.withResolvers<void>();
    this.#push = (line) => {
      waiting.push(line);
      wake.resolve();
    };
    signal.addEventListener('abort', () => this.#push?.(undefined));
    this.#opened.resolve();
    this.#opened = Promise.withResolvers();
    while (true) {
      while (waiting.length > 0) {
        const line = waiting.shift();
        if (line === undefined) return;
        yield line;
      }
      await wake.promise;
      wake = Promise.withResolvers();
    }
  }

  async post<T>(path: string, body: object): Promise<T> {
    this.posted.push({ path, body: body as Record<string, unknown> });
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
    if (this.silent) await new Promise(() => undefined);
    if (path.endsWith('/leave')) this.say({ kind: 'end', code: 'unavailable', reason: 'left' });
    return {} as T;
  }
}

class TestDrivers extends TestDriverHost {
  readonly removed: string[] = [];
  /** Scripts that are loaded now. */
  loaded: string[] = [];
  /** What a driver that is not known is answered with. */
  missing = new Set<string>();
  /** For which device types they are set aside. */
  setAsideFor: string[] = [];
  /** Whether drivers do not load. */
  refusing = false;

  override async add(driver: { id: string; version: string }): Promise<void> {
    if (this.refusing) throw new Error('no time');
    await super.add(driver);
    this.loaded.push(`${driver.id}@${driver.version}`);
  }

  override remove({ id, version }: { id: string; version: string }): boolean {
    this.removed.push(`${id}@${version}`);
    this.loaded = this.loaded.filter((name) => name !== `${id}@${version}`);
    return false;
  }

  override drivers(): readonly ListedDriver[] {
    return this.loaded.map((name) => {
      const [id, version] = name.split('@');
      const { setAsideFor } = this;
      return { id, version, deviceType: 't', firmware: '*', builtIn: false, rollout: activeRollout, setAsideFor };
    });
  }

  override async decode(batch: readonly DecodeRequest[]): Promise<readonly DecodeResult[]> {
    if (batch.every(({ driver }) => !this.missing.has(driver.id))) return super.decode(batch);
    return batch.map(() => ({ ok: false, stage: 'decode', code: 'no_driver', reason: 'No driver is loaded' }));
  }
}

function scene(t: TestContext) {
  const server = new TestServer();
  const drivers = new TestDrivers();
  const clock = new SimulatedClock();
  const worker = new Worker({
    api: server,
    name: 'w1',
    drivers,
    scale: { follow: () => undefined },
    clock,
    log: silentLog,
  });
  t.after(() => worker.stop());
  return { server, drivers, clock, worker, running: worker.run() };
}

test('a batch is decoded and answered under its number', async (t) => {
  const { server, worker, running } = scene(t);
  await server.opened;
  server.say(server.writer.write(7, [request('{"v":1}'), request('no JSON')]));
  await server.heard;
  const [{ path, body }] = server.posted;
  assert.equal(path, '/v1/workers/s1/results');
  assert.deepEqual([body.batch, body.from], [7, 0]);
  assert.deepEqual(
    (body.results as DecodeResult[]).map((result) => (result.ok ? result.readings[0].data.v : result.code)),
    [1, 'driver_failed'],
  );
  await worker.stop();
  await running;
});

test('a worker says what it can before its first results, and which drivers it sets aside, where the server hears it', async (t) => {
  const { server, drivers, clock, worker, running } = scene(t);
  server.hearsReports = true;
  await server.opened;
  await server.heard;
  drivers.loaded.push('s@1.0.0');
  drivers.setAsideFor = ['t'];
  clock.advance(scaleMs);
  await server.heard;
  clock.advance(scaleMs);
  server.say(server.writer.write(1, [request('{"v":1}')]));
  await server.heard;
  const abilities = ['normalizeUplink', 'reports'];
  const told = { abilities, setAside: [{ id: 's', version: '1.0.0', deviceTypes: ['t'] }] };
  assert.deepEqual(
    server.posted.slice(0, 2).map(({ path, body }) => [path, body]),
    [
      ['/v1/workers/s1/report', { abilities, setAside: [] }],
      ['/v1/workers/s1/report', told],
    ],
  );
  assert.deepEqual(
    server.posted.slice(2).map(({ path }) => path),
    ['/v1/workers/s1/results'],
  );
  await worker.stop();
  await running;
});

test('a driver that the worker cannot load is its own trouble: the message is to come again', async (t) => {
  const { server, drivers, worker, running } = scene(t);
  drivers.missing.add('sensor');
  await server.opened;
  server.say(server.writer.write(1, [request('{}')]));
  await server.heard;
  const [result] = server.posted[0].body.results as DecodeResult[];
  assert.equal(result.ok === false && result.code, 'unavailable');
  await worker.stop();
  await running;
});

test('a driver that did not load is tried again with the next batch, since the server sends it once', async (t) => {
  const { server, drivers, worker, running } = scene(t);
  await server.opened;
  const script = { id: 's', version: '1.0.0', deviceType: 't', firmware: '*', script: 'function decodeUplink() {}' };
  const writer = new BatchWriter(() => script);
  drivers.refusing = true;
  server.say(writer.write(1, [request('{}')]));
  await server.heard;
  drivers.refusing = false;
  server.say(writer.write(2, [request('{}')]));
  await server.heard;
  server.say(writer.write(3, [request('{}')]));
  await server.heard;
  assert.deepEqual(drivers.added, ['s@1.0.0']);
  await worker.stop();
  await running;
});

test('a version that the server made anew replaces the one that is here, before its messages are decoded', async (t) => {
  const { server, drivers, worker, running } = scene(t);
  await server.opened;
  const script = { id: 's', version: '1.0.0', deviceType: 't', firmware: '*', script: 'function decodeUplink() {}' };
  const writer = new BatchWriter(() => script);
  server.say(writer.write(1, [request('{}')]));
  await server.heard;
  assert.deepEqual([drivers.removed, drivers.added], [['s@1.0.0'], ['s@1.0.0']]);
  await worker.stop();
  await running;
});

test('scripts that the server has no more are removed, and all of a session when the next one begins', async (t) => {
  const { server, drivers, worker, running } = scene(t);
  await server.opened;
  const script = { id: 's', version: '1.0.0', deviceType: 't', firmware: '*', script: 'function decodeUplink() {}' };
  const loaded = [script, { ...script, version: '1.1.0' }];
  const writer = new BatchWriter(({ version }) => loaded.find((each) => each.version === version));
  for (const version of ['1.0.0', '1.1.0']) {
    server.say(writer.write(1, [{ ...request('{}'), driver: { id: 's', version } }]));
    await server.heard;
  }
  loaded.splice(0, 2, { ...script, version: '1.2.0' });
  server.say(writer.write(2, [{ ...request('{}'), driver: { id: 's', version: '1.2.0' } }]));
  await server.heard;
  assert.deepEqual(drivers.loaded, ['s@1.2.0']);
  const again = server.opened;
  server.drop();
  await again;
  assert.deepEqual(drivers.loaded, []);
  await worker.stop();
  await running;
});

test('a connection that ends is opened again', async (t) => {
  const { server, worker, running } = scene(t);
  await server.opened;
  const again = server.opened;
  server.drop();
  await again;
  assert.equal(server.sessions, 2);
  await worker.stop();
  await running;
});

test('a server that is not there is tried again; one that does not let the worker in is not', async (t) => {
  const { server, running } = scene(t);
  await server.opened;
  server.refusals.push(new HttpProblem('down', 0, true), new HttpProblem('busy', 503, true));
  server.refusals.push(new HttpProblem('Cannot work', 403, false));
  server.drop();
  await assert.rejects(running, { status: 403 });
  assert.equal(server.sessions, 1);
});

test('rights that end while it works end the worker', async (t) => {
  const { server, running } = scene(t);
  await server.opened;
  server.say({ kind: 'end', code: 'not_authorized', reason: 'Cannot work' });
  await assert.rejects(running, { message: 'Cannot work' });
});

test('a worker that is stopped takes its leave, and ends when the server says so', async (t) => {
  const { server, worker, running } = scene(t);
  await server.opened;
  await worker.stop();
  await running;
  assert.deepEqual(
    server.posted.map(({ path }) => path),
    ['/v1/workers/s1/leave'],
  );
});

test('a worker that is stopped waits so long, and no longer, for a server that stands still', async (t) => {
  const { server, clock, worker, running } = scene(t);
  await server.opened;
  server.silent = true;
  const stopped = worker.stop();
  clock.advance(20_000);
  await Promise.all([stopped, running]);
});

function request(payload: string): DecodeRequest {
  return {
    driver: { id: 'sensor', version: '1.0.0' },
    bytes: Buffer.from(payload),
    fPort: undefined,
    receivedAt: 1,
    topic: 'devices/d/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: { id: 'd', type: 't', firmwareVersion: undefined, attributes: {} },
    schemas: {},
    schemaPolicy: 'off',
  };
}
