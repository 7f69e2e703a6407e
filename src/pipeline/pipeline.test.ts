import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { testDevice, testDeviceType } from '../devices/testing/store-samples.ts';
import type { IngestRequest } from './device-message.ts';
import { TestBench } from './testing/test-bench.ts';

let bench: TestBench;
beforeEach(async () => {
  bench = await TestBench.open({ rehearsalMessagesMax: 5 });
  await bench.device('m', { name: 'meter', mode: 'inline' });
  await bench.device('q', { name: 'sensor', mode: 'queued' });
});
afterEach(() => bench.close());

function request(deviceId: string, payload: string, more: Partial<IngestRequest> = {}): IngestRequest {
  return { deviceId, payload: Buffer.from(payload), publisher: 'api', ...more };
}

test('ingest answers what became of an inline message, and the same to a second copy but for the outcome', async () => {
  const sent = request('m', '{"v":1}', { messageId: 'm-1', time: 1000, eventType: 'reading' });
  assert.deepEqual(await bench.pipeline.ingestion.take(sent), {
    kind: 'processed',
    messageId: 'm-1',
    outcome: 'applied',
  });
  assert.deepEqual(await bench.pipeline.ingestion.take(sent), {
    kind: 'processed',
    messageId: 'm-1',
    outcome: 'duplicate',
  });
  const [row] = await bench.store.readings.message('m', 'm-1');
  assert.deepEqual([row.eventType, row.time], ['reading', 1000]);
});

test('ingest answers that a queued message is accepted, with the id under which its story is told', async () => {
  const answer = await bench.pipeline.ingestion.take(request('q', '{"v":1}'));
  assert.equal(answer.kind, 'accepted');
  assert.deepEqual(await bench.store.readings.message('q', answer.messageId), []);
  await bench.deliver(...bench.queue.admitted);
  assert.equal((await bench.store.readings.message('q', answer.messageId)).length, 1);
  const own = await bench.pipeline.ingestion.take(request('q', '{"messageId":"own","v":1}'));
  assert.equal(own.messageId, 'own');
});

test('ingest rejects what can never succeed, with its code, stage and message id', async () => {
  await assert.rejects(bench.pipeline.ingestion.take(request('m', 'x', { messageId: 'x-1' })), {
    code: 'driver_failed',
    detail: { stage: 'decode', messageId: 'x-1' },
  });
  await assert.rejects(bench.pipeline.ingestion.take(request('nobody', '{}')), { code: 'device_unknown' });
  await assert.rejects(bench.pipeline.ingestion.take(request('m', '{}', { messageId: 'x'.repeat(65) })), {
    code: 'invalid_argument',
  });
  await assert.rejects(bench.pipeline.ingestion.take(request('m', '{}', { seq: 1.5 })), { code: 'invalid_argument' });
});

test('a device id or event type with a slash in it is refused, and reaches no other device', async () => {
  await assert.rejects(bench.pipeline.ingestion.take(request('m/events', '{"v":1}')), { code: 'invalid_argument' });
  await assert.rejects(bench.pipeline.ingestion.take(request('x', '{}', { eventType: 'a/../b' })), {
    code: 'invalid_argument',
  });
  assert.deepEqual(await bench.state('m'), {});
});

test('a firmware seen in a message picks the driver at once and goes into the registry', async () => {
  await bench.device('f', { name: 'meter' }, { firmwareVersion: '1.4.0', attributes: { site: 'a' } });
  const driverOf = async (id: string): Promise<string> => (await bench.store.readings.message('f', id))[0].driver;
  await bench.publish(
    bench.message('f', { v: 1 }, { 'message-id': 'before' }),
    bench.message('f', { v: 2 }, { 'message-id': 'change', firmware: '2.0.0' }),
    bench.message('f', { v: 3 }, { 'message-id': 'after' }),
  );
  assert.deepEqual([await driverOf('before'), await driverOf('change')], ['meter-1', 'meter-2']);
  assert.equal(await driverOf('after'), 'meter-2');
  await bench.pipeline.stop();
  const device = await bench.store.registry.device('f');
  assert.equal(device?.firmwareVersion, '2.0.0');
  assert.deepEqual(device?.attributes, { site: 'a' });
});

test('an old message is decoded by the firmware that made it, and does not bring that firmware back', async () => {
  await bench.device('f', { name: 'meter' }, { firmwareVersion: '2.0.0' });
  const old = bench.message('f', { v: 1 }, { 'message-id': 'old', firmware: '1.0.0' });
  bench.clock.advance(bench.pipeline.limits.firmwareAgeMsMax + 1);
  await bench.deliver(old);
  assert.equal((await bench.store.readings.message('f', 'old'))[0].driver, 'meter-1');
  await bench.pipeline.stop();
  assert.equal((await bench.store.registry.device('f'))?.firmwareVersion, '2.0.0');
});

test('a device that is put while its firmware is written keeps what was put', async () => {
  await bench.device('f', { name: 'meter' }, { firmwareVersion: '1.0.0' });
  const published = bench.publish(bench.message('f', { v: 1 }, { firmware: '2.0.0' }));
  const put = bench.pipeline.registry.putDevice(testDevice({ id: 'f', type: 'meter', attributes: { site: 'new' } }));
  await Promise.all([published, put]);
  await bench.pipeline.stop();
  assert.deepEqual((await bench.store.registry.device('f'))?.attributes, { site: 'new' });
});

test('a rehearsal says what would become of messages now, and changes nothing', async () => {
  await bench.publish(bench.message('m', { v: 2 }, { 'message-id': 'known', time: 2000 }));
  const messages = [
    bench.message('m', { v: 9 }, { 'message-id': 'known' }),
    bench.message('m', { v: 1 }, { 'message-id': 'late', time: 1000 }),
    bench.message('m', { v: 3 }, { 'message-id': 'next', time: 3000, firmware: '3.0.0' }),
    bench.message('m', 'no JSON', { 'message-id': 'bad' }),
    { ...bench.message('m', {}), topic: 'elsewhere' },
  ];
  const answers = await bench.pipeline.rehearsals.run(messages.map((message, i) => ({ sequence: i + 10, message })));
  assert.deepEqual(
    answers.map(({ sequence, messageId, now, driver }) => [sequence, messageId, now, driver?.id]),
    [
      [10, 'known', 'duplicate', 'meter-any'],
      [11, 'late', 'stale', 'meter-any'],
      [12, 'next', 'applied', 'meter-3'],
      [13, 'bad', 'rejected:driver_failed', 'meter-any'],
      [14, '', 'rejected:invalid_topic', undefined],
    ],
  );
  assert.equal(answers[2].readings[0].data.v, 3);
  assert.deepEqual(await bench.state('m'), { v: 2, fPort: null });
  assert.equal(bench.buried.length, 0);
  assert.equal((await bench.store.registry.device('m'))?.firmwareVersion, undefined);
  const tooMany = Array.from({ length: 6 }, (_, sequence) => ({ sequence, message: messages[0] }));
  await assert.rejects(bench.pipeline.rehearsals.run(tooMany), { code: 'invalid_argument' });
});

test('a message that was stored stays a duplicate when its schema would refuse it by now', async () => {
  const verdicts = await bench.deliver(
    bench.message('m', { v: 2 }, { 'message-id': 'once' }),
    bench.message('m', { invalid: true }, { 'message-id': 'once' }),
    bench.message('m', { invalid: true }, { 'message-id': 'new' }),
  );
  assert.deepEqual(
    verdicts.map(({ kind }) => kind),
    ['acknowledged', 'acknowledged', 'rejected'],
  );
  assert.deepEqual(bench.pipeline.numbers().outcomes, { applied: 1, duplicate: 1, 'rejected:schema_violation': 1 });
  assert.equal((await bench.store.readings.history({ deviceId: 'm', limit: 9 })).length, 1);
});

test('a device that is registered after it was refused is known at once, and unknown again when it is removed', async () => {
  const outcome = async (): Promise<string | undefined> => {
    const [receipt] = await bench.publish(bench.message('late', { v: 1 }));
    return receipt.outcome ?? receipt.code;
  };
  assert.equal(await outcome(), 'device_unknown');
  await bench.pipeline.registry.putDevice(testDevice({ id: 'late', type: 'meter' }));
  assert.equal(await outcome(), 'applied');
  await bench.pipeline.registry.removeDevice('late');
  assert.equal(await outcome(), 'device_unknown');
});

test('a driver is asked for normalised readings where the device type wants them, and its measurements are kept at their times', async () => {
  await bench.device('plain', { name: 'plain', mode: 'inline' });
  await bench.device('normal', { name: 'normal', mode: 'inline', readings: 'normalized' });
  const time = bench.message('plain', {}).receivedAt - 60_000;
  const readings = [{ time, data: { soil: { depth: 5 } } }, { data: { air: { temperature: 10 } } }];
  const calls = [];
  for (const id of ['plain', 'normal']) {
    await bench.publish(bench.message(id, { readings }));
    calls.push(bench.drivers.requests[0].call);
  }
  assert.deepEqual(calls, [undefined, 'normalizeUplink']);
  const state = await bench.store.readings.state('normal');
  assert.deepEqual(state.map((entry) => entry.key).sort(), ['air', 'soil']);
  assert.equal(state.find(({ key }) => key === 'soil')?.time, time);
});

test('stored drivers are loaded at the start', async () => {
  const driver = { id: 'd', version: '1.0.0', deviceType: 'meter', firmware: '*', script: '', createdAt: 1 };
  await bench.pipeline.drivers.put(driver, { examples: [], acceptFailing: false });
  await bench.pipeline.stop();
  bench.drivers.added.length = 0;
  await bench.pipeline.start();
  assert.deepEqual(bench.drivers.added, ['d@1.0.0']);
});

test('device types and ids that cannot be are refused', async () => {
  const { pipeline } = bench;
  for (const about of [
    { name: 'a b' },
    { name: 'x', mode: 'now' },
    { name: 'x', fPort: 256 },
    { name: 'x', futureTimeMsMax: -1 },
    { name: 'x', bytesMax: 0 },
    { name: 'x', timePolicy: 'ignore' },
    { name: 'x', readings: 'raw' },
    { name: 'x', rates: { device: { messagesPerSecond: 0 }, type: {} } },
    { name: 'x', eventTypes: { 'a.*.b': {} } },
    { name: 'x', eventTypes: { 'a.*': { mode: 'now' } } },
  ]) {
    await assert.rejects(pipeline.registry.putDeviceType(testDeviceType(about as { name: string })), {
      code: 'invalid_argument',
    });
  }
  for (const id of ['me', 'a/b', '']) {
    await assert.rejects(pipeline.registry.putDevice(testDevice({ id, type: 'meter' })), { code: 'invalid_argument' });
  }
  await assert.rejects(pipeline.registry.putDevice(testDevice({ id: 'x', type: 'none' })), { code: 'not_found' });
  const twice = ['a', 'b'].map((site) => testDevice({ id: 'new', type: 'meter', attributes: { site } }));
  const [first, second] = await Promise.allSettled(twice.map((device) => pipeline.registry.putDevice(device, true)));
  assert.equal(first.status, 'fulfilled');
  assert.match(
    String((second as PromiseRejectedResult).reason),
    /Update device "new" instead: it is .* of type "meter"/,
  );
});
