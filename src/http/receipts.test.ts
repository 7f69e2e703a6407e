import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { SimulatedClock } from '../std/clock.ts';
import { Receipts } from './receipts.ts';

test('results stand in the order of the request, whatever the order of the receipts', async () => {
  const receipts = new Receipts(3, new SimulatedClock());
  receipts.receipt(2, undefined, 'applied');
  receipts.receipt(0, undefined);
  receipts.receipt(1, new SluiceError('queue_full', 'Send it later'));
  receipts.receipt(1, undefined);
  assert.deepEqual(await receipts.all(), [
    { ok: true },
    { ok: false, code: 'queue_full', detail: 'Send it later' },
    { ok: true, outcome: 'applied' },
  ]);
});

test('what storage does not confirm in time is answered as unavailable', async () => {
  const clock = new SimulatedClock();
  const receipts = new Receipts(2, clock);
  receipts.receipt(0, undefined);
  clock.advance(30_000);
  const [first, second] = await receipts.all();
  assert.deepEqual(first, { ok: true });
  assert.equal(second.ok === false && second.code, 'unavailable');
});
