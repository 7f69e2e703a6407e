import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Message } from '../message.ts';
import { TestBench, TestWaiter } from './testing/test-bench.ts';

/** A gateway with the devices `a` and `b` behind it, and `c` behind nobody. */
async function gatewayBench(t: TestContext, limits = {}): Promise<TestBench> {
  const bench = await TestBench.open(limits);
  t.after(() => bench.close());
  const type = { name: 'meter', mode: 'inline' } as const;
  for (const id of ['gate', 'c']) await bench.device(id, type);
  for (const id of ['a', 'b']) await bench.device(id, type, { gateway: 'gate' });
  return bench;
}

function sent(bench: TestBench, payload: unknown, kind = 'telemetry'): Message {
  return { ...bench.message('gate', payload), topic: `devices/gate/gateway/${kind}` };
}

test('what a gateway sends for its devices is a message of each of them', async (t) => {
  const bench = await gatewayBench(t);
  const [receipt] = await bench.publish(sent(bench, { a: { v: 1 }, b: { v: 2 } }));
  assert.deepEqual([receipt.code, bench.buried.length], [undefined, 0]);
  assert.deepEqual([(await bench.state('a')).v, (await bench.state('b')).v], [1, 2]);
});

test('attributes of devices behind a gateway are events of their own type', async (t) => {
  const bench = await gatewayBench(t);
  await bench.publish(sent(bench, { a: { serial: 'x' } }, 'attributes'));
  const entries = await bench.store.readings.state('a');
  assert.deepEqual(
    entries.filter(({ key }) => key === 'serial').map(({ eventType, value }) => [eventType, value]),
    [['attributes', 'x']],
  );
});

test('a message of a device behind a gateway keeps what the gateway said besides', async (t) => {
  const bench = await gatewayBench(t);
  const queued = { name: 'queued-meter', mode: 'queued' } as const;
  await bench.device('q', queued, { gateway: 'gate' });
  const correlationData = Buffer.from('of this message');
  const message = sent(bench, { q: { v: 1 } });
  await bench.publish({ ...message, properties: { correlationData, contentType: 'application/json' } });
  // Now it is known, and nothing is looked up.
  await bench.publish({ ...message, properties: { correlationData, contentType: 'application/json' } });
  const told = bench.queue.admitted.map(({ properties }) => [
    properties?.correlationData?.toString(),
    properties?.contentType,
  ]);
  assert.deepEqual(told, Array(2).fill(['of this message', 'application/json']));
});

test('a message that says its times is the same when it is sent again', async (t) => {
  const bench = await gatewayBench(t);
  const message = sent(bench, { a: { ts: 1_600_000_000_000, v: 1 } });
  await bench.publish(message);
  await bench.publish(message);
  assert.equal(bench.pipeline.numbers().outcomes.duplicate, 1);
});

test('a gateway that names a device of nobody, or none at all, sends nothing', async (t) => {
  const bench = await gatewayBench(t, { gatewayBytesMax: 200, gatewayDevicesMax: 2 });
  const wrong: [unknown, string][] = [
    [{ a: { v: 1 }, c: { v: 2 } }, 'not_authorized'],
    [{ a: { v: 1 }, 'nobody/else': { v: 2 } }, 'not_authorized'],
    [{}, 'invalid_argument'],
    [{ a: 1, b: 1, c: 1 }, 'invalid_argument'],
    [[], 'payload_unreadable'],
    ['{', 'payload_unreadable'],
    [{ a: 'x'.repeat(200) }, 'payload_too_large'],
  ];
  for (const [payload, code] of wrong) {
    const [receipt] = await bench.publish(sent(bench, payload));
    assert.equal(receipt.code, code, JSON.stringify(payload).slice(0, 60));
  }
  assert.deepEqual(await bench.store.readings.state('a'), []);
});

test('one message that is refused is the answer for all, and costs the others nothing', async (t) => {
  const bench = await gatewayBench(t);
  const [receipt] = await bench.publish(sent(bench, { a: { ts: 1_800_000_000_000, v: 1 }, b: { v: 2 } }));
  assert.equal(receipt.code, 'time_out_of_range');
  assert.equal((await bench.state('b')).v, 2);
});

test('what waits for its devices to be looked up takes room, until they are', async (t) => {
  const bench = await gatewayBench(t, { inlineMessagesMax: 2 });
  const receipts = await bench.publish(...[1, 2, 3].map((v) => sent(bench, { c: { v } })));
  const codes = receipts.toSorted((one, other) => one.tag - other.tag).map(({ code }) => code);
  assert.deepEqual(codes, ['not_authorized', 'not_authorized', 'quota_exceeded']);
  await bench.publish(sent(bench, { a: { v: 1 } }), sent(bench, { a: { v: 2 } }));
  assert.equal((await bench.state('a')).v, 2);
});

test('what a gateway sends may not nest so deep that to write it down again takes the stack', async (t) => {
  const bench = await gatewayBench(t);
  const deep = Buffer.from(`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`);
  const [receipt] = await bench.publish({ ...sent(bench, {}), payload: deep });
  assert.equal(receipt.code, 'payload_unreadable');
});

test('bytes that are no UTF-8 are refused, and not replaced by others', async (t) => {
  const bench = await gatewayBench(t);
  const payload = Buffer.from('{"a":{"name":"caf\xe9"}}', 'latin1');
  const [receipt] = await bench.publish({ ...sent(bench, {}), payload });
  assert.equal(receipt.code, 'payload_unreadable');
  assert.match(receipt.failure?.message ?? '', /UTF-8/);
  assert.deepEqual(await bench.store.readings.state('a'), []);
});

test('a gateway may say nothing for a device on whose topic it may not publish', async (t) => {
  const bench = await gatewayBench(t);
  const waiter = new TestWaiter(1);
  const asked: string[] = [];
  waiter.mayPublish = (topic) => asked.push(topic) === 1;
  const message = sent(bench, { a: { v: 1 }, b: { v: 2 } });
  bench.pipeline.sink.route(message.topic)?.admit(message, waiter, 0);
  const [receipt] = await waiter.all;
  assert.deepEqual([receipt.code, asked], ['not_authorized', ['devices/a/telemetry', 'devices/b/telemetry']]);
  assert.deepEqual(await bench.store.readings.state('a'), []);
});
