import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { SimulatedClock } from '../std/clock.ts';
import { silentLog } from '../std/log.ts';
import { Receipts } from './receipts.ts';

test('results stand in the order of the request, whatever the order of the receipts', async () => {
  const receipts = new Receipts(3, { clock: new SimulatedClock(), log: silentLog });
  receipts.receipt(2, undefined, 'applied');
  receipts.receipt(0, undefined);
  receipts.receipt(1, new SluiceError('queue_full', 'Send it later'));
  receipts.receipt(1, undefined);
  assert.deepEqual(await receipts.all(), [
    { ok: true },
    { ok: false, code: 'queue_full', detail: 'Send it later', retryable: true },
    { ok: true, outcome: 'applied' },
  ]);
});

test('what storage does not confirm in time is answered as unavailable', async () => {
  const clock = new SimulatedClock();
  const receipts = new Receipts(2, { clock, log: silentLog });
  receipts.receipt(0, undefined);
  clock.advance(30_000);
  const [first, second] = await receipts.all();
  assert.deepEqual(first, { ok: true });
  assert.equal(second.ok === false && second.code, 'unavailable');
});

test('the first receipt of a message counts, and a second one does not count for another message', async () => {
  const clock = new SimulatedClock();
  const receipts = new Receipts(2, { clock, log: silentLog });
  receipts.receipt(0, new SluiceError('storage_failed', 'Send it again'));
  receipts.receipt(0, undefined);
  clock.advance(30_000);
  const [first, second] = await receipts.all();
  assert.equal(first.ok === false && first.code, 'storage_failed');
  assert.equal(second.ok === false && second.code, 'unavailable');
});

test('what went wrong inside goes to the log and not into the results', async () => {
  const logged: unknown[] = [];
  const log = { ...silentLog, error: (_: string, fields?: { problem?: unknown }) => logged.push(fields?.problem) };
  const receipts = new Receipts(1, { clock: new SimulatedClock(), log });
  const failure = new SluiceError('internal', 'no such table: messages');
  receipts.receipt(0, failure);
  assert.doesNotMatch(JSON.stringify(await receipts.all()), /table/);
  assert.deepEqual(logged, [failure]);
});
