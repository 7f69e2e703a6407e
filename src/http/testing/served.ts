import type { TestContext } from 'node:test';
import type { AccessSettings, AnonymousAccess } from '../../access/access-setup.ts';
import { ConfiguredAccess } from '../../access/configured-access.ts';
import { testSettings } from '../../access/testing/access-settings.ts';
import type { Ban } from '../../broker/admission/bans.ts';
import { BrokerCounters } from '../../broker/counters.ts';
import type { SluiceError } from '../../errors.ts';
import type { Message } from '../../message.ts';
import { deviceAccounts } from '../../pipeline/device-accounts.ts';
import type { Engine } from '../../queues/engine.ts';
import { QueueWatch } from '../../queues/queue-watch.ts';
import { type Clock, systemClock } from '../../std/clock.ts';
import { emptyReading } from '../../std/histogram.ts';
import { silentLog } from '../../std/log.ts';
import type { HttpOptions } from '../http-parts.ts';
import { HttpServer } from '../http-server.ts';
import type { BrokerNumbers } from '../metrics/platform-metrics.ts';
import { MemoryEngine } from './memory-engine.ts';
import { MemoryPipeline } from './memory-pipeline.ts';
import { MemoryStore } from './memory-store.ts';

export interface ServedOptions {
  readonly anonymous?: AnonymousAccess;
  /** Beside `ann`, who may publish to `apps/ann/#`. */
  readonly users?: AccessSettings['users'];
  readonly options?: Partial<HttpOptions>;
  readonly clock?: Clock;
  /** Serves this engine instead of the one in memory. */
  readonly realEngine?: Engine;
}

/** A server on a free port with parts in memory, stopped when the test ends. */
export async function serve(
  t: TestContext,
  { anonymous = 'loopback', users = [], options, clock = systemClock, realEngine }: ServedOptions = {},
) {
  const engine = new MemoryEngine();
  const store = new MemoryStore();
  const pipeline = new MemoryPipeline(store, clock);
  const published: Message[] = [];
  const broker = {
    failure: undefined as SluiceError | undefined,
    silent: false,
    /** Thrown by the next publish, after it took the message. */
    thrown: undefined as Error | undefined,
  };
  const state = { ready: true };
  const bans = new Map<number, Ban>();
  const access = new ConfiguredAccess({
    ...testSettings,
    anonymous,
    users: [
      { name: 'ann', password: 'ann-secret', admin: false, rules: [{ action: 'publish', filter: 'apps/ann/#' }] },
      ...users,
    ],
    tokens: [{ name: 'ops', token: 'ops-token', admin: true, rules: [] }],
    accounts: deviceAccounts(store.credentials),
    clock,
    log: silentLog,
  });
  const watch = new QueueWatch({
    engine: realEngine ?? engine,
    commitUs: () => emptyReading,
    onEvent: () => undefined,
    clock,
    log: silentLog,
  });
  const server = new HttpServer({
    options: { host: '127.0.0.1', port: 0, bodyBytesMax: 64 * 1024, ...options },
    access,
    engine: realEngine ?? engine,
    watch,
    store,
    pipeline,
    bans: { list: () => [...bans.values()], lift: (id) => bans.delete(id) },
    publisher: {
      publish: (message, waiter, tag) => {
        published.push(message);
        if (!broker.silent) queueMicrotask(() => waiter.receipt(tag, broker.failure));
        const { thrown } = broker;
        broker.thrown = undefined;
        if (thrown !== undefined) throw thrown;
      },
    },
    ready: () => state.ready,
    metrics: async () => ({
      pipeline: { ...pipelineNumbers, claimsLimited: pipeline.claims.limited },
      store: await store.numbers(),
      broker: brokerNumbers(),
      commitUs: emptyReading,
      disk: { freeBytes: 5_000_000, isFull: false },
      eventLoop,
      listeners: {},
    }),
    clock,
    log: silentLog,
  });
  await server.start();
  t.after(() => server.stop());
  const base = `http${options?.tls === undefined ? '' : 's'}://127.0.0.1:${server.port}`;
  return { server, access, engine, watch, store, pipeline, published, broker, bans, state, base, call: caller(base) };
}

function brokerNumbers(): BrokerNumbers {
  const counters = new BrokerCounters();
  counters.connections = 2;
  counters.dropped.expired = 4;
  const none = {
    bans: 0,
    subscriptions: 0,
    sharedSubscriptions: 0,
    sharedGroups: 0,
    retained: 0,
    loweredSubscriptions: 0,
    claimants: 0,
  };
  return { ...counters, ...none, sessions: 3 };
}

const pipelineNumbers = {
  inlineInWork: 5,
  queuedInWork: 7,
  driverThreads: 1,
  workers: 2,
  devicesCached: 11,
  outcomes: { applied: 3, stale: 1 },
  warned: 23,
  eventsFailed: 2,
  rateRefused: 13,
  rateDelayed: 17,
  autoChanges: 19,
  steps: { store: { ...emptyReading, count: 2, sum: 3_000_000 } },
  drivers: [
    {
      deviceType: 'meter',
      driver: 'own',
      driverVersion: '1.0.0',
      outcomes: { applied: 43 },
      deadLettered: 47,
      decodeUs: { ...emptyReading, count: 2, sum: 500 },
    },
  ],
  trials: [
    {
      driver: { id: 'own', version: '2.0.0' },
      canary: { messages: 100, failed: 3, othersMessages: 900, othersFailed: 5 },
      shadow: { same: 51, different: 52, failed: 53, mended: 54, dropped: 55, samples: [] },
    },
  ],
  setAside: [{ driver: { id: 'own', version: '1.0.0' }, deviceTypes: ['meter', 'sensor'], workers: ['worker:w1'] }],
};

const eventLoop = { delayP50Seconds: 0.001, delayP99Seconds: 0.02, delayMaxSeconds: 0.3, utilization: 0.25 };

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the answers of a test are read field by field
  readonly body: any;
}

/** Sends one request; an object as body goes as JSON. */
function caller(base: string) {
  return async (
    method: string,
    path: string,
    body?: object | string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<Reply> => {
    const json = typeof body === 'object' && !Buffer.isBuffer(body);
    const response = await fetch(base + path, {
      method,
      headers: { ...(json ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : body }),
    });
    const text = await response.text();
    const parsed = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
    return { status: response.status, headers: response.headers, body: parsed };
  };
}

export function basic(name: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}
