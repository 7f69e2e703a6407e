import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batch, type WorkItem } from './batch.ts';
import type { LoadedDriver } from './catalogue.ts';
import { Executor } from './executor.ts';
import { JobWriter, scriptsSentMax } from './job-writer.ts';
import { SchemaNumbers } from './schema-numbers.ts';

test('a runner that has had many versions of scripts forgets them, and is sent those in use once more', () => {
  const writer = new JobWriter(new SchemaNumbers());
  const executor = makeExecutor();
  const inUse = driver(0);
  let sent = 0;
  let forgotten = 0;
  const isNearTheEnds = (version: number): boolean => version < 3 || version > scriptsSentMax - 3;
  for (let version = 1; version <= scriptsSentMax; version++) {
    const job = writer.write([itemOf(inUse), itemOf(driver(version))]);
    sent += job.scripts.filter(({ driver }) => driver === inUse.number).length;
    if (job.forgetScripts) forgotten++;
    // The others are not run: a context for each takes seconds.
    if (!isNearTheEnds(version)) continue;
    const results: { readonly ok: boolean }[] = JSON.parse(executor.run(job));
    assert.deepEqual(
      results.map(({ ok }) => ok),
      [true, true],
    );
  }
  assert.deepEqual([forgotten, sent], [1, 2]);
  const job = new JobWriter(new SchemaNumbers()).write([itemOf(driver(1))]);
  assert.throws(() => executor.run({ ...job, scripts: [] }), /its script was never sent/);
});

function makeExecutor(): Executor {
  return new Executor({
    drivers: [],
    timeoutMs: 1_000,
    heapBytesHigh: Number.POSITIVE_INFINITY,
    collectGarbage: () => undefined,
    begin: () => undefined,
  });
}

function driver(number: number): LoadedDriver {
  const script = `function decodeUplink() { return { data: { version: ${number} } }; }`;
  return { id: 'codec', version: `1.0.${number}`, deviceType: 'meter', firmware: '*', number, script };
}

function itemOf(driver: LoadedDriver): WorkItem {
  const request = {
    driver,
    device: { id: 'd', type: 'meter', firmwareVersion: undefined, attributes: {} },
    bytes: Buffer.from([1]),
    receivedAt: 0,
    topic: 'devices/d/telemetry',
    fPort: undefined,
    contentType: undefined,
    eventType: 'telemetry',
    schemas: {},
    schemaPolicy: 'off' as const,
  };
  return { driver, request, batch: new Batch(1), position: 0, alone: false, boxed: false };
}
