import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { silentLog } from '../../std/log.ts';
import type { DecodeRequest, DecodeResult } from '../driver.ts';
import { WorkerDriverHost } from './host.ts';
import { untimed } from './testing/untimed.ts';

describe('the number of threads', () => {
  const host = new WorkerDriverHost({ threads: 1, log: silentLog });
  before(() => host.start());
  after(() => host.stop());

  test('changes while messages are decoded, and each message has its own result', async () => {
    const batches: Promise<readonly DecodeResult[]>[] = [];
    for (const count of [3, 1, 4, 2, 1]) {
      const changed = host.setThreads(count);
      batches.push(host.decode(numbered(0, 700)));
      await changed;
      assert.equal(host.threads, count);
      batches.push(host.decode(numbered(700, 300)));
    }
    for (const [index, results] of (await Promise.all(batches)).entries()) {
      const expected = index % 2 === 0 ? numbered(0, 700) : numbered(700, 300);
      assert.deepEqual(
        results.map(untimed),
        expected.map(({ bytes }) => ({
          ok: true,
          readings: [{ data: JSON.parse(Buffer.from(bytes).toString()) }],
          warnings: [],
        })),
      );
    }
    assert.equal(host.waiting, 0);
  });

  test('codec scripts run on while their processes come and go', async () => {
    const script = 'function decodeUplink(input) { return { data: { byte: input.bytes[0] } }; }';
    const driver = { id: 'byte', version: '1.0.0' };
    await host.add({ ...driver, deviceType: 'byte', firmware: '*', script });
    const first = host.decode(numbered(0, 200).map((request) => ({ ...request, driver })));
    await host.setThreads(2);
    const second = host.decode(numbered(0, 200).map((request) => ({ ...request, driver })));
    await host.setThreads(1);
    for (const results of [await first, await second]) {
      assert.equal(results.filter((result) => result.ok && result.readings[0].data.byte === 123).length, 200);
    }
  });

  test('a driver that was removed is no longer chosen, and its version may come again', async () => {
    const driver = { id: 'gone', version: '1.0.0', deviceType: 'gone', firmware: '*' };
    await host.add({ ...driver, script: 'function decodeUplink() { return { data: { v: 1 } }; }' });
    const underWay = host.decode([{ ...numbered(0, 1)[0], driver }]);
    assert.equal(host.remove(driver), true);
    assert.equal(host.remove(driver), false);
    assert.equal(host.resolve('gone', undefined, 'd1')?.id, 'json');
    assert.equal((await underWay)[0].ok, true);
    assert.deepEqual(codeOf((await host.decode([{ ...numbered(0, 1)[0], driver }]))[0]), 'no_driver');
    await host.add({ ...driver, script: 'function decodeUplink() { return { data: { v: 2 } }; }' });
    const [again] = await host.decode([{ ...numbered(0, 1)[0], driver }]);
    assert.deepEqual(again.ok && again.readings[0].data, { v: 2 });
  });

  test('one that is built in cannot be removed', () => {
    assert.throws(() => host.remove({ id: 'json', version: '1.0.0' }), { code: 'invalid_argument' });
  });
});

test('stopping while threads are added and removed ends all of them', async () => {
  const host = new WorkerDriverHost({ threads: 3, log: silentLog });
  await host.start();
  const results = host.decode(numbered(0, 900));
  void host.setThreads(1);
  void host.setThreads(4);
  await host.stop();
  assert.equal((await results).length, 900);
  assert.deepEqual([host.threads, host.waiting], [0, 0]);
});

function codeOf(result: { readonly ok: boolean; readonly code?: string }): string {
  return result.ok ? 'ok' : (result.code ?? '');
}

function numbered(from: number, count: number): DecodeRequest[] {
  return Array.from({ length: count }, (_, index) => ({
    driver: { id: 'json', version: '1.0.0' },
    bytes: Buffer.from(JSON.stringify({ n: from + index })),
    fPort: undefined,
    receivedAt: 0,
    topic: 'devices/d/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: { id: `d${index % 50}`, type: 't', firmwareVersion: undefined, attributes: {} },
    schemas: {},
    schemaPolicy: 'off',
  }));
}
