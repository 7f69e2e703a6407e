import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Device, ProcessedMessage, StoreOutcome } from '../devices/store.ts';
import { testDevice, testDeviceType } from '../devices/testing/store-samples.ts';
import { systemClock } from '../std/clock.ts';
import { silentLog } from '../std/log.ts';
import { forSeedsInTurn } from '../std/testing/seed.ts';
import { WorkerDriverHost } from './driver-host/host.ts';
import { pipelineLimits } from './limits.ts';
import { Processor } from './processor.ts';
import { RegistryCache } from './registry-cache.ts';
import { Work } from './work.ts';

const devices = 10;

test('messages of a device reach the store in their order while threads come and go', async (t) => {
  await forSeedsInTurn(2, async (random) => {
    const { drivers, processor, stored } = await scene(t);
    const batches: Promise<void>[] = [];
    let next = 0;
    for (let round = 0; round < 20; round++) {
      const batch = Array.from({ length: 1 + random.below(200) }, () => work(next++));
      batches.push(processor.process(batch));
      if (random.below(2) === 0) batches.push(drivers.setThreads(1 + random.below(3)));
      // Two batches overlap, as in the lane.
      if (random.below(2) === 0) await batches.at(-1);
    }
    await Promise.all(batches);
    assert.equal(stored.length, next);
    for (let device = 0; device < devices; device++) {
      const numbers = stored.filter(({ deviceId }) => deviceId === `d${device}`).map(numberOf);
      assert.deepEqual(
        numbers,
        numbers.toSorted((one, other) => one - other),
        `device ${device}`,
      );
    }
  });
});

async function scene(t: TestContext) {
  const drivers = new WorkerDriverHost({ threads: 1, log: silentLog });
  await drivers.start();
  t.after(() => drivers.stop());
  const stored: ProcessedMessage[] = [];
  const registry = {
    deviceTypes: async () => [testDeviceType({ name: 'meter' })],
    device: async (id: string): Promise<Device> => ({ ...testDevice({ id, type: 'meter' }), createdAt: 0 }) as Device,
  };
  const readings = {
    apply: async (batch: readonly ProcessedMessage[]): Promise<readonly StoreOutcome[]> => {
      stored.push(...batch);
      return batch.map(() => 'applied');
    },
  };
  const processor = new Processor({
    devices: new RegistryCache(registry as never, systemClock, pipelineLimits, { log: silentLog }),
    drivers,
    readings: readings as never,
    schemas: {} as never,
    clock: systemClock,
    nextMessageId: () => 'unused',
    firmwareSeen: () => undefined,
    decoded: () => undefined,
  });
  return { drivers, processor, stored };
}

function work(n: number): Work {
  const deviceId = `d${n % devices}`;
  const message = {
    topic: `devices/${deviceId}/telemetry`,
    payload: Buffer.from(JSON.stringify({ messageId: `m${n}`, n })),
    qos: 1,
    retain: false,
    properties: undefined,
    receivedAt: n,
    publisher: deviceId,
  } as const;
  return new Work(message, { deviceId, eventType: 'telemetry' });
}

function numberOf({ messageId }: ProcessedMessage): number {
  return Number(messageId.slice(1));
}
