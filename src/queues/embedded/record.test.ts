import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageOf as message } from '../testing/recording-consumer.ts';
import { messageKey } from './keys.ts';
import {
  damageOf,
  deathOf,
  encodeRecord,
  enqueuedAtOf,
  expiresAtOf,
  keyHashOf,
  laneOf,
  messageOf,
  placed,
  seal,
  withDeath,
} from './record.ts';

const now = 1_700_000_000_123;
const placement = { lane: 7, expiresAt: now + 5_000, keyHash: 0xabcdef012345, isEndWritten: true };
const death = {
  queue: 'orders',
  sequence: 3,
  code: 'expired',
  reason: 'too old',
  attempts: 1,
  firstFailureAt: now,
  lastFailureAt: now,
  headers: [],
};

test('a record says what it was made of', () => {
  const sent = message('hello', { topic: 'a/b', properties: { messageExpiryInterval: 2 } });
  const record = encodeRecord(sent, now);
  seal(record);
  assert.equal(damageOf(record), undefined);
  assert.deepEqual(messageOf(record), sent);
  assert.equal(enqueuedAtOf(record), now);
  assert.equal(expiresAtOf(record), sent.receivedAt + 2_000);
  assert.equal(laneOf(record), 0);
  assert.equal(keyHashOf(record), 0);
});

test('a queue that places a message elsewhere gets a copy, and the others keep theirs', () => {
  const record = encodeRecord(message('hello'), now);
  seal(record);
  const other = placed(record, placement, false);
  assert.notEqual(other, record);
  assert.equal(placed(other, placement, false), other);
  assert.equal(placed(record, { lane: 0, expiresAt: 0, keyHash: 0, isEndWritten: false }, false), record);
  seal(other);
  for (const each of [record, other]) assert.equal(damageOf(each), undefined);
  assert.deepEqual(messageOf(other), messageOf(record));
  assert.deepEqual([laneOf(other), expiresAtOf(other), keyHashOf(other)], [7, now + 5_000, 0xabcdef012345]);
  assert.equal(laneOf(record), 0);
});

test('a dead letter does not expire, and expires again when it is one no more', () => {
  const record = encodeRecord(message('hello', { properties: { messageExpiryInterval: 2 } }), now);
  const dead = withDeath(record, death, now);
  assert.equal(expiresAtOf(dead), 0);
  assert.deepEqual(deathOf(dead), death);
  const alive = withDeath(dead, undefined, now + 1);
  assert.equal(deathOf(alive), undefined);
  assert.equal(expiresAtOf(alive), expiresAtOf(record));
  assert.equal(enqueuedAtOf(alive), now + 1);
});

test('any flipped bit and any lost byte of a record is found', () => {
  const fresh = encodeRecord(message('hello'), now);
  const record = placed(fresh, placement, true);
  assert.equal(record, fresh);
  seal(record);
  for (let bit = 0; bit < record.length * 8; bit++) {
    const damaged = Buffer.from(record);
    damaged[bit >> 3] ^= 1 << (bit & 7);
    assert.ok(damageOf(damaged) !== undefined, `bit ${bit} was flipped and nobody saw it`);
  }
  for (let length = 0; length < record.length; length++) {
    assert.ok(damageOf(record.subarray(0, length)) !== undefined, `${length} bytes passed for the whole record`);
  }
});

test('keys of messages sort by queue, then lane, then sequence', () => {
  const sorted = [
    messageKey(1, 0, 5),
    messageKey(1, 0, 2 ** 40),
    messageKey(1, 1, 3),
    messageKey(1, 9, 1),
    messageKey(2, 0, 1),
    messageKey(256, 0, 1),
  ];
  assert.deepEqual([...sorted].reverse().sort(Buffer.compare), sorted);
});
