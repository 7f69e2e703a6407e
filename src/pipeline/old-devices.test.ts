import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../message.ts';
import { TestBench } from './testing/test-bench.ts';

for (const mode of ['inline', 'queued'] as const) {
  test(`${mode}: the message behind which a device is looked up again may tell another firmware`, async (t) => {
    const bench = await TestBench.open();
    t.after(() => bench.close());
    const send = async (message: Message): Promise<void> => {
      await bench.publish(message);
      if (mode === 'queued') await bench.deliver(...bench.queue.admitted.splice(0));
    };
    const driverOf = async (messageId: string): Promise<string | undefined> => {
      const [row] = await bench.store.readings.message('a', messageId);
      return row?.driver;
    };
    await bench.device('a', { name: 'meter', mode }, { firmwareVersion: '1.4.0' });
    await send(bench.message('a', { v: 1 }, { 'message-id': 'first' }));
    bench.clock.advance(61_000);
    await send(bench.message('a', { v: 2 }, { 'message-id': 'second', firmware: '2.0.0' }));
    // The look-up that the second one asked for was sent before this one, and is answered before it.
    await bench.store.registry.device('a');
    await send(bench.message('a', { v: 3 }, { 'message-id': 'third' }));
    assert.equal(await driverOf('first'), 'meter-1');
    assert.equal(await driverOf('second'), 'meter-2');
    assert.equal(await driverOf('third'), 'meter-2');
  });
}

test('a gateway that was removed and made again has no say about the devices that were behind it', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('g', { name: 'gateway', mode: 'inline' });
  await bench.device('c', { name: 'meter', mode: 'inline' }, { gateway: 'g' });
  const publish = async (v: number): Promise<string | undefined> => {
    const message = { ...bench.message('g', { c: { v } }), topic: 'devices/g/gateway/telemetry' };
    return (await bench.publish(message))[0]?.code;
  };
  assert.equal(await publish(1), undefined);
  await bench.pipeline.registry.removeDevice('g');
  await bench.device('g', { name: 'gateway', mode: 'inline' });
  assert.equal(await publish(2), 'not_authorized');
});
