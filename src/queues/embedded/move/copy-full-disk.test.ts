import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../../std/clock.ts';
import { silentLog } from '../../../std/log.ts';
import { DiskSpace } from '../../../storage/disk-space.ts';
import { StorageDouble } from '../../../storage/testing/storage-double.ts';
import { messageOf, publish, turns } from '../../testing/recording-consumer.ts';
import { TestEngine } from '../testing/test-engine.ts';

test('a copy waits while the disk is nearly full, says so, and goes on when there is room', async () => {
  let free = 1;
  const measure = (): number => free;
  const clock = new SimulatedClock();
  const space = new DiskSpace({ freeBytesMin: 1_000_000, measure, folder: '/data', clock, log: silentLog });
  const under = await new TestEngine({ storage: new StorageDouble(), space }).open();
  const { engine } = under;
  const setFree = (bytes: number): void => {
    free = bytes;
    space.start();
    space.stop();
  };
  setFree(1_000_000_000);
  await engine.declare('log', { kind: 'log', bindings: [{ filter: 'a' }] });
  await engine.declare('work', { bindings: [{ filter: 'a' }] });
  await engine.declare('target', {});
  for (const payload of ['1', '2']) await publish(engine.route('a'), messageOf(payload, { topic: 'a' }));
  setFree(0);
  const copy = await engine.startMove({ from: 'log', to: 'target', copy: true });
  const move = await engine.startMove({ from: 'work', to: 'target' });
  // What it takes it also gives back.
  assert.equal((await engine.moveStatus(move.id, 1)).moved, 2);
  await turns();
  const waiting = await engine.moveStatus(copy.id);
  assert.deepEqual([waiting.state, waiting.copied], ['waiting', 0]);
  assert.match(waiting.reason ?? '', /kept free/);
  setFree(1_000_000_000);
  under.clock.advance(1_000);
  const { state, copied, reason } = await engine.moveStatus(copy.id, 1);
  assert.deepEqual({ state, copied, reason }, { state: 'done', copied: 2, reason: undefined });
  await under.close();
});
