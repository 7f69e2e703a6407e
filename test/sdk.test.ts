import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { type Client, connect, QueueRefused, type Received, Reject, Release } from '../src/sdk/sdk.ts';
import { type Server, startConfigured, startServer } from './server.ts';

/** Both ways keep the same promises. */
const ways: readonly (readonly [string, (server: Server) => string])[] = [
  ['MQTT', (server) => server.mqttUrl],
  ['HTTP', (server) => server.httpUrl],
];

/** For every test that asks nothing else of its server; one of them kills it, and starts it again. */
const started = startConfigured({ after }, { listeners: { ws: { type: 'ws', port: 0 } } });
/** Where nobody may do anything but ann, and she some. */
const guarded = startConfigured(
  { after },
  {
    access: {
      anonymous: 'never',
      users: [
        {
          name: 'ann',
          password: 'secret',
          rules: [
            { action: 'subscribe', filter: '$queue/jobs' },
            { action: 'subscribe', filter: 'jobs/#' },
            { action: 'publish', filter: 'jobs/mine' },
          ],
        },
      ],
    },
    queues: { jobs: { bindings: [{ filter: 'jobs/#' }] }, other: { bindings: [{ filter: 'other' }] } },
  },
);

/** The server, with a new queue `jobs` and no other. */
async function withJobs(options: object = {}): Promise<Server> {
  const server = await started;
  const { queues } = await server.api<{ queues: { name: string }[] }>('GET', '/v1/queues');
  for (const { name } of queues) if (name !== 'ingest') await server.api('DELETE', `/v1/queues/${name}`);
  await server.api('POST', '/v1/queues', { name: 'jobs', options: { bindings: [{ filter: 'jobs/#' }], ...options } });
  return server;
}

test('what one cause kills is one group of dead letters, whether its consumer is there over MQTT or over HTTP', async (t) => {
  const clients = closing(t);
  const server = await withJobs({ maxDeliveries: 1 });
  for (const [, urlOf] of ways) {
    const client = await connect(urlOf(server));
    clients.push(client);
    await client.publishAll(jobs(2));
    let handled = 0;
    const seen = new Gathering(2);
    const worker = await client.consume(
      'jobs',
      (message) => {
        seen.add(message);
        if (handled++ === 0) throw new Reject('It is a poem');
        throw new Error('Out of paper');
      },
      { pollSeconds: 1 },
    );
    await seen.all;
    await worker.stop();
  }
  // Whoever holds them sees to it that all are there.
  const dead = new Gathering(4);
  const looked = new Gathering(1);
  const holder = await clients[0].consume(
    'jobs.dead',
    async (message) => {
      dead.add(message);
      await looked.all;
    },
    { concurrency: 4 },
  );
  const [letter] = await dead.all;
  const { groups } = await server.api<{ groups: { code: string; count: number }[] }>(
    'GET',
    '/v1/dead-letters?queue=jobs.dead',
  );
  looked.add(letter);
  await holder.stop();
  const found = groups.map(({ code, count }) => `${code} ${count}`);
  assert.deepEqual(found.sort(), ['reason_0x80 2', 'reason_0x99 2']);
});

for (const [way, urlOf] of ways) {
  async function setUp(t: TestContext, options: object = {}) {
    const clients = closing(t);
    const server = await withJobs(options);
    const open = async (): Promise<Client> => {
      const client = await connect(urlOf(server));
      clients.push(client);
      return client;
    };
    const depth = async (queue = 'jobs'): Promise<number> => {
      const { stats } = await server.api<{ stats: Record<string, number> }>('GET', `/v1/queues/${queue}`);
      return stats.ready + stats.leased + stats.scheduled;
    };
    return { server, client: await open(), open, depth };
  }

  test(`${way}: what is published comes to a handler as it was, and leaves the queue`, async (t) => {
    const { client, depth } = await setUp(t);
    const got = new Gathering(3);
    const worker = await client.consume('jobs', (message) => got.add(message), { pollSeconds: 1 });
    await client.publish('jobs/json', { a: [1, 'ü'] }, { key: 'k', userProperties: [['own', 'yes']] });
    await client.publish('jobs/text', 'text');
    await client.publish('jobs/bytes', new Uint8Array([0, 255]));
    const [json, text, bytes] = await got.all;
    assert.deepEqual(json.json(), { a: [1, 'ü'] });
    assert.equal(json.contentType, 'application/json');
    assert.deepEqual(json.userProperties, [
      ['sluice-key', 'k'],
      ['own', 'yes'],
    ]);
    assert.deepEqual([json.topic, json.queue, json.attempt, json.death], ['jobs/json', 'jobs', 1, undefined]);
    assert.ok(json.sequence < text.sequence && json.enqueuedAt <= text.enqueuedAt);
    assert.equal(text.text(), 'text');
    assert.deepEqual([...bytes.payload], [0, 255]);
    await worker.stop();
    assert.equal(await depth(), 0);
  });

  test(`${way}: no more handlers work at once than the concurrency, and all of them where there is enough`, async (t) => {
    const { client } = await setUp(t);
    await client.publishAll(jobs(30));
    const got = new Gathering(30);
    let running = 0;
    let most = 0;
    const gate = new Gathering(4);
    const worker = await client.consume(
      'jobs',
      async (message) => {
        most = Math.max(most, ++running);
        gate.add(message);
        await gate.all;
        running--;
        got.add(message);
      },
      { concurrency: 4, pollSeconds: 1 },
    );
    await got.all;
    assert.equal(most, 4);
    await worker.stop();
  });

  test(`${way}: a stop lets handlers finish; nothing is lost or worked twice, and what was not begun goes back uncounted`, async (t) => {
    const { client, open, depth } = await setUp(t);
    await client.publishAll(jobs(40));
    const times = new Map<string, number>();
    const work = (message: Received): void => {
      assert.equal(message.attempt, 1);
      times.set(message.text(), (times.get(message.text()) ?? 0) + 1);
    };
    const begun = new Gathering(3);
    const finish = Promise.withResolvers<void>();
    const leaver = await client.consume(
      'jobs',
      async (message) => {
        begun.add(message);
        await finish.promise;
        work(message);
      },
      { concurrency: 3, pollSeconds: 1 },
    );
    await begun.all;
    const stopped = leaver.stop();
    assert.equal(leaver.running, 3);
    finish.resolve();
    await stopped;
    assert.equal(times.size, 3);
    assert.equal(await depth(), 37);
    const rest = new Gathering(37);
    const stayer = await (await open()).consume(
      'jobs',
      (message) => {
        work(message);
        rest.add(message);
      },
      { pollSeconds: 1 },
    );
    await rest.all;
    await stayer.stop();
    assert.equal(times.size, 40);
    assert.deepEqual(new Set(times.values()), new Set([1]));
    assert.equal(await depth(), 0);
  });

  test(`${way}: after its grace a stop gives up handlers, and their messages go back`, async (t) => {
    const { client } = await setUp(t);
    await client.publish('jobs/a', 'long');
    const begun = new Gathering(1);
    const givenUp = Promise.withResolvers<unknown>();
    const worker = await client.consume(
      'jobs',
      (message, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            givenUp.resolve(signal.reason);
            reject(signal.reason);
          });
          begun.add(message);
        }),
      { pollSeconds: 1 },
    );
    await begun.all;
    await worker.stop({ graceMs: 10 });
    assert.match(String(await givenUp.promise), /more than 10 ms/);
    const again = new Gathering(1);
    await client.consume('jobs', (message) => again.add(message), { pollSeconds: 1 });
    assert.equal((await again.all)[0].attempt, 1);
  });

  test(`${way}: what a handler throws counts, gives back or ends in the dead letters with the reason`, async (t) => {
    const { client } = await setUp(t, { maxDeliveries: 2, backoff: { kind: 'none' } });
    await client.publishAll(['fail', 'reject', 'release'].map((payload) => ({ topic: 'jobs/a', payload })));
    const seen: string[] = [];
    const done = new Gathering(1);
    await client.consume(
      'jobs',
      (message) => {
        const text = message.text();
        const isSecond = seen.includes(`${text} 1`);
        seen.push(`${text} ${message.attempt}`);
        if (text === 'fail') throw new Error('Out of paper');
        if (text === 'reject') throw new Reject('It is a poem');
        if (!isSecond) throw new Release();
        done.add(message);
      },
      { pollSeconds: 1 },
    );
    const dead = new Gathering(2);
    await done.all;
    await client.consume('jobs.dead', (message) => dead.add(message), { pollSeconds: 1 });
    const letters = (await dead.all).map((letter) => [letter.text(), letter.death?.source, letter.death?.attempts]);
    assert.deepEqual(letters.sort(), [
      ['fail', 'jobs', 2],
      ['reject', 'jobs', 1],
    ]);
    const reasons = (await dead.all).map(({ death }) => death?.reason);
    assert.deepEqual(reasons.sort(), ['It is a poem', 'Out of paper']);
    assert.deepEqual(
      seen.filter((line) => line.startsWith('release')),
      ['release 1', 'release 1'],
    );
    assert.deepEqual(
      seen.filter((line) => line.startsWith('fail')),
      ['fail 1', 'fail 2'],
    );
  });

  test(`${way}: of many messages each is answered for, also those that the queue has no room for`, async (t) => {
    const { client } = await setUp(t, { limits: { messages: 2 } });
    const results = await client.publishAll(jobs(4));
    assert.deepEqual(
      results.map(({ ok }) => ok),
      [true, true, false, false],
    );
    const [, , third] = results;
    assert.ok(!third.ok && third.retryable);
    assert.match(third.error.message, /jobs/);
    await assert.rejects(client.publish('jobs/a', 'one more'), { name: 'PublishRefused', retryable: true });
    await assert.rejects(client.publish('a/+', 'x'), { name: 'PublishRefused' });
  });

  test(`${way}: two groups of a log get everything each`, async (t) => {
    const { server, client } = await setUp(t);
    const options = { kind: 'log', bindings: [{ filter: 'news/#' }], group: { start: 'earliest' } };
    await server.api('POST', '/v1/queues', { name: 'news', options });
    await client.publishAll(['1', '2', '3'].map((payload) => ({ topic: 'news/a', payload })));
    for (const group of ['first', 'second']) {
      const got = new Gathering(3);
      await client.consume('news', (message) => got.add(message), { group, pollSeconds: 1 });
      assert.deepEqual(
        (await got.all).map((message) => message.text()),
        ['1', '2', '3'],
      );
    }
  });

  test(`${way}: a queue that is not there is refused with the reason`, async (t) => {
    const { client } = await setUp(t);
    await assert.rejects(
      client.consume('none', () => undefined),
      (problem: Error) => {
        assert.ok(problem instanceof QueueRefused);
        assert.match(problem.message, /"none"/);
        return true;
      },
    );
  });

  test(`${way}: a worker whose queue is removed hears that it is gone`, async (t) => {
    const { server, client } = await setUp(t);
    const worker = await client.consume('jobs', () => undefined, { pollSeconds: 1 });
    const ended = assert.rejects(worker.ended, { name: 'QueueRefused', message: /"jobs"|"\$queue\/jobs"/ });
    await server.api('DELETE', '/v1/queues/jobs');
    await ended;
  });

  test(`${way}: after a kill -9 of the server publishing and consuming go on`, async (t) => {
    const { server, client } = await setUp(t, { backoff: { kind: 'none' } });
    const before = new Gathering(1);
    const after = new Gathering(1);
    const worker = await client.consume(
      'jobs',
      (message) => {
        before.add(message);
        if (message.text() === 'after') after.add(message);
      },
      { pollSeconds: 1 },
    );
    await client.publish('jobs/a', 'before');
    await before.all;
    await server.stop('SIGKILL');
    const published = client.publish('jobs/a', 'after');
    await server.start();
    await published;
    await after.all;
    await worker.stop();
  });

  test(`${way}: a right that is missing is told as the server says it`, async (t) => {
    const clients = closing(t);
    const server = await guarded;
    const client = await connect(urlOf(server), { username: 'ann', password: 'secret' });
    clients.push(client);
    const got = new Gathering(1);
    await client.consume('jobs', (message) => got.add(message), { pollSeconds: 1 });
    await client.publish('jobs/mine', 'x');
    await got.all;
    await assert.rejects(client.publish('jobs/theirs', 'x'), { name: 'PublishRefused', retryable: false });
    await assert.rejects(
      client.consume('other', () => undefined),
      { name: 'QueueRefused' },
    );
  });
}

for (const [way, urlOf] of ways) {
  test(`${way}: a client that is closed waits for a server that is away no longer than its grace`, async (t) => {
    const server = await startServer(t);
    const client = await connect(urlOf(server));
    await server.stop('SIGKILL');
    const refused = assert.rejects(client.publish('jobs/a', 'never'));
    await client.close({ graceMs: 10 });
    await refused;
    await assert.rejects(client.publish('jobs/a', 'too late'));
  });
}

for (const way of ['mqttUrl', 'httpUrl'] as const) {
  test(`${way}: a message is lent anew for as long as its handler works, however short the lease is`, async (t) => {
    const clients = closing(t);
    const server = await withJobs({ leaseMs: 3_000 });
    const client = await connect(server[way]);
    clients.push(client);
    await client.publish('jobs/a', 'long');
    const attempts: number[] = [];
    const finish = Promise.withResolvers<void>();
    // As long as two leases are, and a little more, by the server's clock.
    await client.publish('jobs/a', 'finish', { delayMs: 6_500 });
    const consumer = await client.consume(
      'jobs',
      async ({ attempt }) => {
        attempts.push(attempt);
        await finish.promise;
      },
      { leaseSeconds: 3, pollSeconds: 1 },
    );
    const other = await connect(server[way]);
    clients.push(other);
    const meanwhile = (message: Received): void => {
      if (message.text() === 'finish') finish.resolve();
      else attempts.push(message.attempt);
    };
    await other.consume('jobs', meanwhile, { pollSeconds: 1 });
    await finish.promise;
    await consumer.stop();
    assert.deepEqual(attempts, [1]);
  });
}

test('options of a consumer that are out of their range are refused before anything is lent', async (t) => {
  const clients = closing(t);
  const server = await withJobs();
  for (const way of ['mqttUrl', 'httpUrl'] as const) {
    const client = await connect(server[way]);
    clients.push(client);
    for (const options of [
      { leaseSeconds: 0 },
      { leaseSeconds: Number.NaN },
      { concurrency: 257 },
      { pollSeconds: 21 },
    ]) {
      const [name] = Object.keys(options);
      const expected = { name: 'TypeError', message: new RegExp(`Give ${name} as a `) };
      await assert.rejects(
        client.consume('jobs', () => undefined, options),
        expected,
      );
    }
  }
});

test('options of a message that are out of their range or form are told with what was expected and met', async (t) => {
  const clients = closing(t);
  const server = await withJobs();
  for (const way of ['mqttUrl', 'httpUrl'] as const) {
    const client = await connect(server[way]);
    clients.push(client);
    for (const [options, message] of [
      [{ userProperties: { a: 'b' } }, `Give userProperties as pairs of text, such as [['a', 'b']]: met {"a":"b"}`],
      [{ userProperties: [['a', 1]] }, `Give userProperties as pairs of text, such as [['a', 'b']]: met [["a",1]]`],
      [{ priority: 11 }, 'Give priority as a whole number from 1 to 10: met 11'],
      [{ delayMs: Number.NaN }, 'Give delayMs as a whole number from 0 to 31,536,000,000: met NaN'],
      [{ expirySeconds: 0.5 }, 'Give expirySeconds as a whole number from 0 to 4,294,967,295: met 0.5'],
      [{ key: 7 }, 'Give key as text: met 7'],
    ] as const) {
      const wrong = options as object;
      await assert.rejects(client.publish('jobs/a', 'x', wrong), { name: 'TypeError', message });
      const [result] = await client.publishAll([{ topic: 'jobs/a', payload: 'x', ...wrong }]);
      assert.deepEqual([result.ok, !result.ok && result.retryable], [false, false]);
    }
  }
  await assert.rejects(connect(server.mqttUrl, { token: 'one' }), {
    name: 'TypeError',
    message: /as `password` over mqtt:/,
  });
});

test('over MQTT a worker goes on where its queue was removed and is there again before the worker is', async (t) => {
  const clients = closing(t);
  const server = await withJobs();
  const door = await openDoor(t, Number(new URL(server.mqttUrl).port));
  const notices: string[] = [];
  const client = await connect(`mqtt://127.0.0.1:${door.port}`, { onNotice: (sentence) => notices.push(sentence) });
  clients.push(client);
  const got = new Gathering(1);
  await client.consume('jobs', (message) => got.add(message));
  const open = door.close();
  await server.api('DELETE', '/v1/queues/jobs');
  await server.api('POST', '/v1/queues', { name: 'jobs', options: { bindings: [{ filter: 'jobs/#' }] } });
  open();
  await client.publish('jobs/a', 'after');
  const [message] = await got.all;
  assert.equal(message.text(), 'after');
  assert.match(notices.join('\n'), /Consuming "\$queue\/jobs" has ended: Queue "jobs" was removed; connecting again/);
});

test('MQTT goes over WebSocket too, with the same promises', async (t) => {
  const clients = closing(t);
  const server = await withJobs();
  const client = await connect(`ws://127.0.0.1:${server.listeners.ws}/mqtt`);
  clients.push(client);
  const got = new Gathering(51);
  const consumer = await client.consume('jobs', (message) => got.add(message), { concurrency: 10 });
  await client.publishAll(jobs(50));
  const large = 'x'.repeat(200_000);
  await client.publish('jobs/large', large);
  const all = await got.all;
  assert.equal(new Set(all.map((message) => message.text())).size, 51);
  assert.ok(all.some((message) => message.text() === large));
  await consumer.stop();
  await assert.rejects(connect('wss://localhost', { ca: 'an authority' }), { name: 'TypeError' });
  await assert.rejects(connect(server.httpUrl.replace('http', 'ws')), { name: 'ConnectionRefused' });
});

test('credentials that are wrong are refused at the door', async () => {
  const server = await guarded;
  for (const [, urlOf] of ways) {
    for (const wrong of [{ username: 'ann', password: 'wrong' }, {}])
      await assert.rejects(connect(urlOf(server), wrong), { name: 'ConnectionRefused' });
  }
  await assert.rejects(connect('ftp://localhost'), { name: 'TypeError' });
});

test('where nothing listens, whoever connects is told so in one way, over whatever', async () => {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  for (const protocol of ['mqtt', 'ws', 'http']) {
    const url = `${protocol}://127.0.0.1:${port}`;
    await assert.rejects(connect(url), (problem: Error) => {
      assert.equal(problem.name, 'ConnectionRefused', url);
      assert.match(problem.message, new RegExp(`^Cannot (connect to|reach) .*127.0.0.1:${port}`));
      return true;
    });
  }
});

/** Clients that are closed when the test ends, before their server is: what is begun before it ends after it. */
function closing(t: TestContext): Client[] {
  const clients: Client[] = [];
  t.after(async () => {
    await Promise.all(clients.map((client) => client.close({ graceMs: 2_000 })));
  });
  return clients;
}

/** A port that leads to another one. While it is closed whoever comes waits in front of it. */
async function openDoor(t: TestContext, port: number): Promise<{ port: number; close: () => () => void }> {
  let passable = Promise.resolve();
  const door = createServer((outside) => {
    outside.on('error', () => undefined);
    void passable.then(() => {
      const inside = connectTcp({ port, host: '127.0.0.1' });
      inside.on('error', () => outside.destroy());
      outside.pipe(inside).pipe(outside);
    });
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
  t.after(() => door.close());
  const close = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    passable = promise;
    return resolve;
  };
  return { port: (door.address() as AddressInfo).port, close };
}

/** Collects what comes until there are so many. */
class Gathering {
  readonly #messages: Received[] = [];
  readonly #count: number;
  readonly #done = Promise.withResolvers<readonly Received[]>();

  constructor(count: number) {
    this.#count = count;
  }

  get all(): Promise<readonly Received[]> {
    return this.#done.promise;
  }

  add(message: Received): void {
    this.#messages.push(message);
    if (this.#messages.length === this.#count) this.#done.resolve(this.#messages);
  }
}

function jobs(count: number): { topic: string; payload: string }[] {
  return Array.from({ length: count }, (_, i) => ({ topic: 'jobs/a', payload: `job ${i}` }));
}
