import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery } from '../message.ts';
import { encodeProperties } from '../mqtt/codec/encode-properties.ts';
import { QueueProperties } from './queue-properties.ts';

function delivery(sequence: number, attempt: number, enqueuedAt: number, queue = 'jobs'): Delivery {
  return { queue, sequence, attempt, enqueuedAt } as Delivery;
}

const deliveries = [
  delivery(1, 1, 1_790_000_000_000),
  delivery(9, 1, 1_790_000_000_001),
  delivery(10, 9, 1_790_000_123_456),
  delivery(11, 10, 1_790_000_123_456),
  delivery(999_999, 1, 1_790_001_000_000),
  delivery(1_000_000, 1, 1_790_001_000_007),
  delivery(1_000_001, 5, 9_999_999_999_999),
  delivery(20_000_300, 5, 10_000_000_000_000),
  delivery(2 ** 48 - 1, 1_000, 10_000_000_000_000),
  delivery(2 ** 48 - 10, 999, 0),
  delivery(3, 1, 1_790_000_000_000, 'others'),
];

test('a delivery says its queue and its place there, whatever came before it', () => {
  for (const identifiers of [undefined, [1, 300_000]]) {
    const properties = new QueueProperties(identifiers);
    for (const each of [...deliveries, ...deliveries.toReversed()]) {
      const expected = encodeProperties('publish', {
        userProperties: properties.userProperties(each),
        subscriptionIdentifiers: identifiers,
      });
      // The order of different properties has no meaning, but each is there.
      assert.deepEqual(sorted(properties.of(each).bytes), sorted(expected));
    }
  }
});

function sorted(bytes: Buffer): readonly number[] {
  return [...bytes].sort((a, b) => a - b);
}

test('its user properties are in their order', () => {
  const properties = new QueueProperties(undefined);
  for (const each of deliveries) {
    assert.deepEqual(
      properties.of(each).bytes,
      encodeProperties('publish', { userProperties: properties.userProperties(each) }),
    );
  }
});
