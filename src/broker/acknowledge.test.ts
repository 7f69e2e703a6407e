import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '../std/bytes.ts';
import { type AcknowledgedLink, Acknowledger } from './acknowledge.ts';

function acknowledging(): { acknowledger: Acknowledger; sent: () => number[] } {
  const transport = new ByteWriter();
  const link = { transport, version: 4, counters: { answersOut: 0 } } as unknown as AcknowledgedLink;
  return { acknowledger: new Acknowledger(link), sent: () => [...transport.bytes()] };
}

function answer(acknowledger: Acknowledger, tag: number, receipts: number): void {
  for (let receipt = 0; receipt < receipts; receipt++) acknowledger.receipt(tag, undefined);
}

test('a message of several hundred queues is acknowledged when the last of them has it, not before', () => {
  const { acknowledger, sent } = acknowledging();
  const tag = acknowledger.open(7, 1);
  acknowledger.expect(tag, 700);
  answer(acknowledger, tag, 699);
  assert.deepEqual(sent(), []);
  answer(acknowledger, tag, 1);
  assert.deepEqual(sent(), [0x40, 2, 0, 7]);
});

test('receipts of several hundred queues that come before it is known how many there are count too', () => {
  const { acknowledger, sent } = acknowledging();
  const tag = acknowledger.open(7, 1);
  answer(acknowledger, tag, 300);
  assert.deepEqual(sent(), []);
  acknowledger.expect(tag, 301);
  assert.deepEqual(sent(), []);
  answer(acknowledger, tag, 1);
  assert.deepEqual(sent(), [0x40, 2, 0, 7]);
});
