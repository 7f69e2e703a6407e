import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceTypeWithDefaults } from '../devices/device-type.ts';
import { testDevice } from '../devices/testing/store-samples.ts';
import type { Message } from '../message.ts';
import { SimulatedClock } from '../std/clock.ts';
import type { LimitMeter } from './limit-meter.ts';
import { type RatedMessage, RateGate } from './rate-gate.ts';
import { type Receipt, TestBench, TestWaiter } from './testing/test-bench.ts';
import { Ways } from './ways.ts';

async function open(): Promise<TestBench> {
  return TestBench.open({ inlineMessagesMax: 100 });
}

/** What a client that cannot be refused sends: it hears later, or never. */
class PatientWaiter extends TestWaiter {
  readonly patient = true;
  readonly heldTags: number[] = [];

  held(tag: number): void {
    this.heldTags.push(tag);
  }
}

function publish(bench: TestBench, waiter: TestWaiter, ...messages: readonly Message[]): void {
  for (const [tag, message] of messages.entries())
    bench.pipeline.sink.route(message.topic)?.admit(message, waiter, tag);
}

test('a device that is too fast is refused by the name of the limit, and its neighbour is not', async (t) => {
  const bench = await open();
  t.after(() => bench.close());
  const rates = { device: { messagesPerSecond: 2 }, type: {} };
  await bench.device('a', { name: 'meter', mode: 'queued', rates });
  await bench.device('b', { name: 'meter', mode: 'queued', rates });
  const sent = (id: string): Message => bench.message(id, { v: 1 });
  const receipts = await bench.publish(sent('a'), sent('a'), sent('a'), sent('b'));
  const [refused] = receipts.filter(({ code }) => code !== undefined);
  assert.equal(receipts.filter(({ code }) => code === undefined).length, 3);
  assert.equal(refused.code, 'rate_limited');
  assert.match(
    refused.failure?.message ?? '',
    /in 500 ms: device "a" came to rates\.device\.messagesPerSecond of device type "meter" \(2\)/,
  );
  assert.deepEqual(refused.failure?.detail, {
    stage: 'rate',
    limit: 'rates.device.messagesPerSecond',
    retryAfterSeconds: 1,
  });
  assert.equal(bench.queue.admitted.length, 3);
  assert.equal(bench.buried.length, 0);
  bench.clock.advance(500);
  assert.equal((await bench.publish(sent('a')))[0].code, undefined);
  assert.equal(bench.pipeline.numbers().rateRefused, 1);
});

test('all devices of a type share its rate, and bytes count as well as messages', async (t) => {
  const bench = await open();
  t.after(() => bench.close());
  for (const id of ['a', 'b'])
    await bench.device(id, { name: 'meter', rates: { device: {}, type: { bytesPerSecond: 10 } } });
  await bench.publish(bench.message('a', { value: 'far more than ten bytes' }));
  const [refused] = await bench.publish(bench.message('b', { v: 1 }));
  assert.match(refused.failure?.message ?? '', /the devices of type "meter" came to rates\.type\.bytesPerSecond/);
  bench.clock.advance(60_000);
  assert.equal((await bench.publish(bench.message('b', { v: 1 })))[0].outcome, 'applied');
});

test('who cannot be refused waits: nothing is lost, the order stays, and the rate holds', async (t) => {
  const bench = await open();
  t.after(() => bench.close());
  await bench.device('a', { name: 'meter', mode: 'queued', rates: { device: { messagesPerSecond: 1 }, type: {} } });
  const waiter = new PatientWaiter(4);
  // So that the device is known, and has sent what it may.
  await bench.publish(bench.message('a', { v: 0 }));
  publish(bench, waiter, ...[1, 2, 3, 4].map((v) => bench.message('a', { v })));
  assert.deepEqual(waiter.heldTags, [0, 1, 2, 3]);
  const values = (): unknown[] => bench.queue.admitted.map(({ payload }) => JSON.parse(payload.toString()).v);
  assert.deepEqual(values(), [0]);
  bench.clock.advance(2_000);
  assert.deepEqual(values(), [0, 1, 2]);
  bench.clock.advance(2_000);
  assert.deepEqual(values(), [0, 1, 2, 3, 4]);
  assert.deepEqual(
    (await waiter.all).map(({ tag, code }: Receipt) => [tag, code]),
    [0, 1, 2, 3].map((tag) => [tag, undefined]),
  );
  assert.equal(bench.pipeline.numbers().rateDelayed, 4);
});

test('those who wait take room, and get through when the server stops', async (t) => {
  const bench = await open();
  t.after(() => bench.close());
  await bench.device('a', { name: 'meter', mode: 'queued', rates: { device: { messagesPerSecond: 1 }, type: {} } });
  await bench.publish(bench.message('a', { v: 0 }));
  const waiter = new PatientWaiter(101);
  publish(bench, waiter, ...Array.from({ length: 101 }, (_, v) => bench.message('a', { v })));
  assert.deepEqual(
    waiter.receipts.map(({ tag, code }) => [tag, code]),
    [[100, 'quota_exceeded']],
  );
  await bench.pipeline.stop();
  assert.equal((await waiter.all).length, 101);
  assert.equal(bench.queue.admitted.length, 101);
});

test('however many devices wait for the rate of their type, a moment wakes one of them, and each has its turn', async () => {
  const clock = new SimulatedClock();
  const type = deviceTypeWithDefaults({ name: 'meter', rates: { device: {}, type: { messagesPerSecond: 10 } } });
  const ways = new Ways(type, clock.now());
  const passed: string[] = [];
  let looks = 0;
  const meter = { exhausted: () => void looks++, charge: () => undefined } as unknown as LimitMeter;
  const gate = new RateGate<RatedMessage>(clock, ({ known }) => passed.push(known.device.id));
  const waiter = new PatientWaiter(1);
  const send = (id: string): void => {
    const message = {
      known: { device: testDevice({ id, type: 'meter' }), type, ways, meter },
      bytes: 1,
      waiter,
      tag: 0,
    } as unknown;
    if (gate.problem(message as RatedMessage) === undefined) passed.push(id);
    else gate.wait(message as RatedMessage);
  };
  for (let device = 0; device < 10; device++) send('first');
  for (let round = 0; round < 2; round++) for (let device = 0; device < 1_000; device++) send(`device${device}`);
  assert.equal(passed.length, 10);
  looks = 0;
  clock.advance(1_000);
  assert.deepEqual(
    passed.slice(10),
    Array.from({ length: 10 }, (_, device) => `device${device}`),
  );
  assert.ok(looks <= 20, `${looks}`);
  clock.advance(1_000_000);
  assert.equal(passed.length, 2_010);
});

test('being looked up again gives a device no second allowance', async (t) => {
  const bench = await TestBench.open({ deviceAgeMsMax: 10 });
  t.after(() => bench.close());
  await bench.device('a', { name: 'meter', rates: { device: { messagesPerSecond: 1 }, type: {} } });
  await bench.publish(bench.message('a', { v: 0 }));
  bench.clock.advance(10);
  assert.equal((await bench.publish(bench.message('a', { v: 1 })))[0].code, 'rate_limited');
});

test('a payload is held to the bytes of its event type before anything else is done with it', async (t) => {
  const bench = await open();
  t.after(() => bench.close());
  await bench.device('a', { name: 'meter', mode: 'queued', bytesMax: 10, eventTypes: { telemetry: { bytesMax: 20 } } });
  const receipts = await bench.publish(
    bench.message('a', '"is twenty bytes . "'),
    bench.message('a', '"is twenty-one bytes"'),
  );
  const refused = receipts.find(({ code }) => code !== undefined);
  assert.equal(refused?.code, 'payload_too_large');
  assert.match(
    refused?.failure?.message ?? '',
    /at most 20 bytes: bytesMax of device type "meter" for "telemetry", met 21/,
  );
  assert.equal(bench.queue.admitted.length, 1);
});

test('what waited for its rate says nothing of how long the inline lane takes', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('f', { name: 'free', mode: 'auto' });
  await bench.device('a', { name: 'meter', mode: 'inline', rates: { device: { messagesPerSecond: 1 }, type: {} } });
  const send = async (): Promise<string | undefined> => (await bench.publish(bench.message('f', { v: 1 })))[0].outcome;
  for (let look = 0; look < 60; look++) {
    await send();
    bench.clock.advance(50);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(await send(), 'applied');
  await bench.publish(bench.message('a', { v: 1 }));
  const waiter = new PatientWaiter(1);
  publish(bench, waiter, bench.message('a', { v: 2 }));
  bench.clock.advance(1_000);
  await waiter.all;
  assert.equal(await send(), 'applied');
  assert.equal(bench.pipeline.numbers().autoChanges, 1);
});
