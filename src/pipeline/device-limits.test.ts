import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { TestBench } from './testing/test-bench.ts';

const rate = (messagesPerSecond: number) => ({ device: { messagesPerSecond }, type: {} });

async function limitBench(t: TestContext): Promise<TestBench> {
  const bench = await TestBench.open();
  bench.hears = () => true;
  t.after(() => bench.close());
  await bench.device('m-1', { name: 'meter', rates: rate(2), eventTypes: { 'alarm.*': { bytesMax: 10 } } });
  await bench.device('v-1', { name: 'valve' });
  bench.pipeline.deviceLimits.start();
  // Of their registration.
  await told(bench);
  return bench;
}

/** What devices were told since the last look. */
async function told(bench: TestBench): Promise<[string, number | undefined][]> {
  await bench.pipeline.deviceLimits.stop();
  await new Promise((resolve) => setImmediate(resolve));
  bench.pipeline.deviceLimits.start();
  return bench.events.splice(0).map(({ topic, payload }) => [topic, rateIn(payload)]);
}

function rateIn(payload: Buffer | undefined): number | undefined {
  return JSON.parse(String(payload)).rates.device.messagesPerSecond;
}

test('the limits of a device have the names that answers name them by', async (t) => {
  const bench = await limitBench(t);
  const { deviceLimits, limits } = bench.pipeline;
  const { unpackedPayloadBytesMax, structuredEventBytesMax, gatewayBytesMax, gatewayDevicesMax } = limits;
  assert.deepEqual(JSON.parse(String(await deviceLimits.of('m-1'))), {
    deviceType: 'meter',
    rates: rate(2),
    eventTypes: { 'alarm.*': { bytesMax: 10 } },
    unpackedPayloadBytesMax,
    structuredEventBytesMax,
    gatewayBytesMax,
    gatewayDevicesMax,
  });
  assert.equal(await deviceLimits.of('stranger'), undefined);
});

test('devices are told when their type changes in that, and only those that listen', async (t) => {
  const bench = await limitBench(t);
  bench.hears = (topic) => topic === 'devices/m-1/limits';
  await bench.device('m-2', { name: 'meter', rates: rate(2), eventTypes: { 'alarm.*': { bytesMax: 10 } } });
  assert.deepEqual(await told(bench), []);
  await bench.device('m-2', { name: 'meter', rates: rate(5) });
  assert.deepEqual(await told(bench), [['devices/m-1/limits', 5]]);
  await bench.device('m-2', { name: 'meter', rates: rate(5), schemaPolicy: 'off' });
  assert.deepEqual(await told(bench), []);
});

test('who listens is told once after a start, since the process before may have ended between a change and its word', async (t) => {
  const bench = await TestBench.open();
  bench.hears = (topic) => topic === 'devices/m-1/limits';
  t.after(() => bench.close());
  await bench.device('m-1', { name: 'meter', rates: rate(2) });
  await bench.device('m-2', { name: 'meter', rates: rate(2) });
  bench.events.splice(0);
  bench.pipeline.deviceLimits.start();
  assert.deepEqual(await told(bench), [['devices/m-1/limits', 2]]);
  assert.deepEqual(await told(bench), []);
});

test('a device that changes its type is told', async (t) => {
  const bench = await limitBench(t);
  await bench.pipeline.registry.patchDevice('v-1', { type: 'meter' });
  assert.deepEqual(await told(bench), [['devices/v-1/limits', 2]]);
  await bench.pipeline.registry.patchDevice('v-1', { attributes: { site: 'north' } });
  assert.deepEqual(await told(bench), []);
});
