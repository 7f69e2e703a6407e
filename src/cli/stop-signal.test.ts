import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { sameRequestMsMax, stopSignal } from './stop-signal.ts';

test('one request that comes over two ways stops once, in order', async () => {
  const signals = new EventEmitter();
  const ended: string[] = [];
  let now = 1_000;
  const asked = stopSignal(
    signals,
    (signal) => ended.push(signal),
    () => now,
  );
  signals.emit('SIGINT', 'SIGINT');
  now += sameRequestMsMax;
  signals.emit('SIGINT', 'SIGINT');
  signals.emit('SIGTERM', 'SIGTERM');
  assert.equal(await asked, 'SIGINT');
  assert.deepEqual(ended, []);
});

test('who asks again ends it at once, with either signal', () => {
  for (const again of ['SIGINT', 'SIGTERM']) {
    const signals = new EventEmitter();
    const ended: string[] = [];
    let now = 1_000;
    void stopSignal(
      signals,
      (signal) => ended.push(signal),
      () => now,
    );
    signals.emit('SIGTERM', 'SIGTERM');
    now += sameRequestMsMax + 1;
    signals.emit(again, again);
    assert.deepEqual(ended, [again]);
  }
});
