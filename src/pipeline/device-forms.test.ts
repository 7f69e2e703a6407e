import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { SluiceError } from '../errors.ts';
import type { Message, MessageProperties } from '../message.ts';
import { TestBench, TestWaiter } from './testing/test-bench.ts';

async function inlineBench(t: TestContext, limits = {}): Promise<TestBench> {
  const bench = await TestBench.open(limits);
  t.after(() => bench.close());
  await bench.device('m', { name: 'meter', mode: 'inline' });
  return bench;
}

function message(bench: TestBench, payload: Buffer, properties: MessageProperties, topic = 'devices/m'): Message {
  return { ...bench.message('m', ''), topic, payload, properties };
}

function packed(bench: TestBench, payload: Buffer, encoding: string): Message {
  return message(bench, payload, { userProperties: [['content-encoding', encoding]] });
}

test('a compressed payload is what it was before, and so is its id', async (t) => {
  const bench = await inlineBench(t);
  const json = (n: number) => JSON.stringify({ messageId: `c${n}`, [`v${n}`]: n });
  const messages = [
    packed(bench, gzipSync(json(1)), 'gzip'),
    packed(bench, deflateSync(json(2)), 'deflate'),
    packed(bench, brotliCompressSync(json(3)), 'br'),
    packed(bench, zstdCompressSync(json(4)), 'zstd'),
    packed(bench, gzipSync(json(1)), 'gzip'),
  ];
  const receipts = await bench.publish(...messages);
  assert.deepEqual(
    receipts.map(({ outcome }) => outcome),
    ['applied', 'applied', 'applied', 'applied', 'duplicate'],
  );
  const { v1, v2, v3, v4 } = await bench.state('m');
  assert.deepEqual([v1, v2, v3, v4], [1, 2, 3, 4]);
});

test('what cannot be decompressed, becomes too large or is too much at once is refused with its reason', async (t) => {
  const bench = await inlineBench(t, { unpackMessagesMax: 3 });
  const bomb = gzipSync(Buffer.alloc(10 * 1024 * 1024));
  const codes = async (...messages: Message[]) => (await bench.publish(...messages)).map(({ code }) => code);
  const wrong = [
    packed(bench, Buffer.from('{}'), 'gzip'),
    packed(bench, bomb, 'gzip'),
    packed(bench, bomb, 'constructor'),
  ];
  assert.deepEqual((await codes(...wrong)).sort(), ['payload_too_large', 'payload_unreadable', 'unsupported_format']);
  const many = Array.from({ length: 5 }, () => packed(bench, gzipSync('{"a":1}'), 'gzip'));
  assert.deepEqual((await codes(...many)).sort(), ['quota_exceeded', undefined, undefined, undefined, undefined]);
});

test('a CloudEvent over MQTT is the same message in binary and in structured mode', async (t) => {
  const bench = await inlineBench(t);
  const event = { specversion: '1.0', id: '1', source: '/pump', type: 'door.open', time: '2023-11-14T22:00:00Z' };
  const binary = message(bench, Buffer.from('{"open":true}'), {
    contentType: 'application/json',
    userProperties: Object.entries(event),
  });
  const structured = message(bench, Buffer.from(JSON.stringify({ ...event, data: { open: true } })), {
    contentType: 'application/cloudevents+json; charset=utf-8',
  });
  const [first] = await bench.publish(binary);
  const [second] = await bench.publish(structured);
  assert.deepEqual([first.outcome, second.outcome], ['applied', 'duplicate']);
  const [entry] = (await bench.store.readings.state('m')).filter(({ key }) => key === 'open');
  assert.deepEqual([entry.eventType, entry.value, entry.time], ['door.open', true, Date.UTC(2023, 10, 14, 22)]);
});

test('an event type in the topic counts before that of the event, and a queued event keeps its own', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('m', { name: 'meter', mode: 'queued' });
  const userProperties = Object.entries({ specversion: '1.0', id: '1', source: 's', type: 'door.open' });
  await bench.publish(
    message(bench, Buffer.from('{"a":1}'), { userProperties }, 'devices/m/events/alarm'),
    message(bench, Buffer.from('{"a":1}'), { userProperties }, 'devices/m/telemetry'),
  );
  assert.deepEqual(
    bench.queue.admitted.map(({ topic }) => topic),
    ['devices/m/events/alarm', 'devices/m/events/door.open'],
  );
});

test('what says that it is an event and is none is refused', async (t) => {
  const bench = await inlineBench(t, { structuredEventBytesMax: 100 });
  const structured = { contentType: 'application/cloudevents+json' };
  const receipts = await bench.publish(
    message(bench, Buffer.from('{'), structured),
    message(bench, Buffer.from(`"${'x'.repeat(100)}"`), structured),
    message(bench, Buffer.from('{}'), { userProperties: [['specversion', '1.0']] }),
    message(bench, Buffer.from('{"data":"caf\xe9"}', 'latin1'), structured),
    message(bench, Buffer.from(`${'['.repeat(70)}${']'.repeat(20)}`), { ...structured }),
  );
  assert.deepEqual(
    receipts.map(({ code }) => code),
    ['payload_unreadable', 'payload_too_large', 'invalid_argument', 'payload_unreadable', 'payload_unreadable'],
  );
});

test('the type of an event leads only to where its sender may publish', async (t) => {
  const bench = await inlineBench(t);
  const event = { specversion: '1.0', id: '1', source: 's', type: 'door.open' };
  const binary = message(bench, Buffer.from('{"a":1}'), { userProperties: Object.entries(event) });
  const forbidden = new TestWaiter(4);
  const asked: string[] = [];
  forbidden.mayPublish = (topic) => {
    asked.push(topic);
    return false;
  };
  const structured = message(bench, Buffer.from(JSON.stringify({ ...event, data: { a: 1 } })), {
    contentType: 'application/cloudevents+json',
  });
  const compressed = message(bench, gzipSync('{"a":1}'), {
    userProperties: [...Object.entries(event), ['content-encoding', 'gzip']],
  });
  const named = { ...binary, topic: 'devices/m/events/alarm' };
  for (const [tag, sent] of [binary, structured, compressed, named].entries())
    bench.pipeline.sink.route(sent.topic)?.admit(sent, forbidden, tag);
  const codes = new Map((await forbidden.all).map(({ tag, code }) => [tag, code]));
  const refused = 'not_authorized';
  assert.deepEqual(
    [0, 1, 2, 3].map((tag) => codes.get(tag)),
    [refused, refused, refused, undefined],
  );
  assert.deepEqual(
    asked,
    Array.from({ length: 3 }, () => 'devices/m/events/door.open'),
  );
});

test('an event whose sender nobody can ask about stays where its topic leads', async (t) => {
  const bench = await inlineBench(t);
  const userProperties = Object.entries({ specversion: '1.0', id: '1', source: 's', type: 'door.open' });
  const failure = await new Promise<SluiceError | undefined>((resolve) => {
    const sent = message(bench, Buffer.from('{"a":1}'), { userProperties });
    bench.pipeline.sink.route(sent.topic)?.admit(sent, { receipt: (_, problem) => resolve(problem) }, 0);
  });
  assert.equal(failure?.code, 'not_authorized');
});
