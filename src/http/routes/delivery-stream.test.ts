import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { testSettings } from '../../access/testing/access-settings.ts';
import { SimulatedClock } from '../../std/clock.ts';
import { basic, type ServedOptions } from '../testing/served.ts';
import { serveDisk } from '../testing/served-disk.ts';

interface Event {
  readonly event: string;
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads field by field
  readonly data: any;
}

/** Reads server-sent events by the rules of their standard. */
class EventReader {
  readonly #response: IncomingMessage;
  readonly #events: AsyncIterator<Event>;

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.#events = eventsOf(response)[Symbol.asyncIterator]();
  }

  async next(): Promise<Event> {
    const { value, done } = await this.#events.next();
    assert.ok(!done, 'The stream ended');
    return value;
  }

  async ended(): Promise<boolean> {
    return (await this.#events.next()).done === true;
  }

  leave(): void {
    this.#response.destroy();
  }
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<Event> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const event = field('event');
      if (event !== undefined) yield { event, id: field('id'), data: JSON.parse(field('data') ?? 'null') };
    }
  }
}

async function serveStreams(t: TestContext, options?: ServedOptions) {
  const served = await serveDisk(t, options);
  const stream = async (query = '', headers: Record<string, string> = {}): Promise<EventReader> => {
    const request = get(`${served.base}/v1/queues/jobs/deliveries${query}`, { headers });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    assert.match(response.headers['content-type'] ?? '', /^text\/event-stream/);
    t.after(() => response.destroy());
    response.on('error', () => undefined);
    return new EventReader(response);
  };
  const send = (...payloads: string[]) =>
    served.call('POST', '/v1/queues/jobs/messages', { messages: payloads.map((payload) => ({ payload })) });
  const settle = (path: string, ...events: Event[]) =>
    served.call('POST', `/v1/queues/jobs/${path}`, { tokens: events.map(({ data }) => data.token) });
  const leased = async (): Promise<number> => (await served.engine.stats('jobs')).leased;
  return { ...served, stream, send, settle, leased };
}

test('messages come as events with a token, and are acknowledged by it', async (t) => {
  const { stream, send, settle, engine } = await serveStreams(t);
  const reader = await stream();
  await send('one', 'two');
  const [first, second] = [await reader.next(), await reader.next()];
  assert.deepEqual([first.event, first.id, first.data.payload, first.data.attempt], ['message', '1', 'one', 1]);
  assert.equal(second.data.payload, 'two');
  const { body } = await settle('ack', first, second);
  assert.deepEqual(
    body.results.map(({ ok }: { ok: boolean }) => ok),
    [true, true],
  );
  assert.equal((await engine.stats('jobs')).acknowledged, 2);
});

test('no more is unsettled than the credit, and each settlement brings the next', async (t) => {
  const { stream, send, settle, leased } = await serveStreams(t);
  await send('1', '2', '3', '4');
  const reader = await stream('?credit=2');
  const [first, second] = [await reader.next(), await reader.next()];
  assert.equal(await leased(), 2);
  await settle('ack', first);
  const third = await reader.next();
  assert.equal(third.data.payload, '3');
  assert.equal(await leased(), 2);
  await settle('nack', second);
  assert.equal((await reader.next()).data.payload, '4');
});

test('what is not settled when the stream ends goes back at once, uncounted, and another stream gets it', async (t) => {
  const { stream, send, settle, engine } = await serveStreams(t);
  await send('one', 'two');
  const left = await stream();
  await settle('ack', await left.next());
  await left.next();
  left.leave();
  const again = await (await stream()).next();
  assert.deepEqual([again.data.payload, again.data.attempt], ['two', 1]);
  assert.equal((await engine.stats('jobs')).released, 1);
});

test('a reader that does not read is lent a few messages and no more', async (t) => {
  const { stream, engine, leased } = await serveStreams(t);
  const large = 'x'.repeat(1024 * 1024);
  const destination = engine.destination('jobs');
  const properties = undefined;
  const message = { topic: 't', payload: Buffer.from(large), qos: 1, retain: false, properties } as const;
  const stored = Promise.withResolvers<void>();
  let receipts = 0;
  const waiter = { receipt: () => ++receipts === 100 && stored.resolve() };
  for (let tag = 0; tag < 100; tag++) {
    destination.admit({ ...message, receivedAt: 0, publisher: 'p' }, waiter as never, tag);
  }
  await stored.promise;
  const reader = await stream('?credit=1000');
  await reader.next();
  // Two answers of 4 MiB, and what the operating system buffers.
  assert.ok((await leased()) <= 20, String(await leased()));
  reader.leave();
});

test('a consumer that loses its right hears so, and what it held goes back', async (t) => {
  const rule = (filter: string) => ({ action: 'subscribe', filter }) as const;
  const user = { name: 'worker', password: 'secret', admin: false, rules: [rule('$queue/jobs'), rule('jobs/#')] };
  const clock = new SimulatedClock(Date.now());
  const { stream, engine, access, leased } = await serveStreams(t, { anonymous: 'never', users: [user], clock });
  await engine.declare('jobs', { bindings: [{ filter: 'jobs/#' }] });
  const waiting = Promise.withResolvers<void>();
  const lease = engine.lease.bind(engine);
  engine.lease = (...request) => {
    waiting.resolve();
    return lease(...request);
  };
  const reader = await stream('', basic('worker', 'secret'));
  await waiting.promise;
  access.reconfigure({ ...testSettings, anonymous: 'never', users: [{ ...user, rules: [] }] });
  clock.advance(15_000);
  const { event, data } = await reader.next();
  assert.deepEqual([event, data.code], ['end', 'not_authorized']);
  assert.equal(await reader.ended(), true);
  assert.equal(await leased(), 0);
});

test('a stop of the server, and the end of the queue, end the stream', async (t) => {
  const { stream, server, engine, send } = await serveStreams(t);
  const reader = await stream();
  await send('one');
  await reader.next();
  await engine.remove('jobs');
  assert.equal((await reader.next()).data.code, 'queue_not_found');
  await engine.declare('jobs', {});
  const another = await stream();
  await send('two');
  await another.next();
  await server.stop();
  assert.equal(await another.ended(), true);
});

test('who may not consume gets no stream', async (t) => {
  const user = { name: 'worker', password: 'secret', admin: false, rules: [] };
  const { call } = await serveStreams(t, { anonymous: 'never', users: [user] });
  const asked = (path: string) => call('GET', path, undefined, basic('worker', 'secret'));
  assert.equal((await asked('/v1/queues/jobs/deliveries')).status, 403);
  assert.equal((await asked('/v1/queues/jobs/consumers')).status, 403);
});

test('who consumes a queue is listed', async (t) => {
  const { stream, call, send } = await serveStreams(t);
  const reader = await stream('?credit=5');
  await send('one');
  await reader.next();
  const { body } = await call('GET', '/v1/queues/jobs/consumers');
  const [{ id, ...consumer }] = body.consumers;
  assert.match(id, /^stream:/);
  assert.deepEqual([consumer.kind, consumer.inflight, body.omitted], ['pull', 1, 0]);
});
