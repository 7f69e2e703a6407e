import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Client, connect, type Received } from '../src/sdk/sdk.ts';
import { type Server, startConfigured } from './server.ts';

const queues = { jobs: { bindings: [{ filter: 'jobs/#' }], backoff: { kind: 'none' } } };

interface Stored {
  readonly payload: string;
  readonly state: string;
  readonly attempts: number;
}

async function stored(server: Server): Promise<Stored[]> {
  const { messages } = await server.api<{ messages: Stored[] }>('GET', '/v1/queues/jobs/messages');
  return messages.map(({ payload, state, attempts }) => ({ payload, state, attempts }));
}

async function openClient(t: TestContext, url: string): Promise<Client> {
  const client = await connect(url);
  // The server may be gone by then: nobody waits for it.
  t.after(() => client.close({ graceMs: 0 }));
  return client;
}

async function publishJobs(client: Client, count: number): Promise<void> {
  const jobs = Array.from({ length: count }, (_, number) => ({ topic: 'jobs/new', payload: String(number) }));
  await client.publishAll(jobs);
}

for (const way of ['mqttUrl', 'httpUrl'] as const) {
  test(`${way}: what consumers finish while the server stops is settled, once, and they get nothing more`, async (t) => {
    const server = await startConfigured(t, { queues, stop: { settleMsMax: 60_000 } });
    const client = await openClient(t, server[way]);
    await publishJobs(client, 6);
    const finish = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const got: string[] = [];
    await client.consume(
      'jobs',
      async (message) => {
        got.push(message.text());
        if (got.length === 3) begun.resolve();
        await finish.promise;
      },
      { concurrency: 3 },
    );
    await begun.promise;
    server.signal('SIGTERM');
    await server.logged(/Stopping/);
    finish.resolve();
    assert.equal(await server.ended, 0);
    assert.equal(got.length, 3);
    await client.close({ graceMs: 0 });
    await server.start();
    const left = ['0', '1', '2', '3', '4', '5'].filter((payload) => !got.includes(payload));
    assert.deepEqual(
      await stored(server),
      left.map((payload) => ({ payload, state: 'ready', attempts: 0 })),
    );
  });
}

test('what nobody settles goes back uncounted when the server stops, and to no consumer that is still there', async (t) => {
  const server = await startConfigured(t, { queues, stop: { settleMsMax: 100 } });
  const client = await openClient(t, server.mqttUrl);
  await publishJobs(client, 2);
  const begun = Promise.withResolvers<void>();
  const got: Received[] = [];
  const work = (message: Received): Promise<void> => {
    got.push(message);
    if (got.length === 2) begun.resolve();
    return new Promise(() => undefined);
  };
  await client.consume('jobs', work, { concurrency: 2 });
  await begun.promise;
  // The next ones would get what the first one gives back.
  for (let other = 0; other < 3; other++) await client.consume('jobs', work, { concurrency: 2 });
  assert.equal(await server.stop('SIGTERM'), 0);
  assert.equal(got.length, 2);
  await client.close({ graceMs: 0 });
  await server.start();
  assert.deepEqual(await stored(server), [
    { payload: '0', state: 'ready', attempts: 0 },
    { payload: '1', state: 'ready', attempts: 0 },
  ]);
});
