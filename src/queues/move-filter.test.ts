import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Death } from '../message.ts';
import { fingerprintOf } from './causes/cause.ts';
import type { StoredMessage } from './engine.ts';
import { compileFilter } from './move-filter.ts';
import type { MessageFilter } from './move-spec.ts';
import { messageOf } from './testing/recording-consumer.ts';

const now = 1_700_000_000_000;
const death: Death = {
  queue: 'orders',
  sequence: 3,
  code: 'driver_failed',
  reason: 'Cannot read "x"',
  attempts: 1,
  firstFailureAt: 0,
  lastFailureAt: 0,
  headers: [],
};

function stored(payload: string, more: Partial<StoredMessage> = {}): StoredMessage {
  return {
    sequence: 7,
    state: 'ready',
    attempts: 0,
    enqueuedAt: now - 10_000,
    availableAt: undefined,
    lastError: undefined,
    message: messageOf(payload, { topic: 'orders/new', properties: { userProperties: [['kind', 'lamp']] } }),
    death: undefined,
    ...more,
  };
}

const lamp = stored('{"state":{"on":true,"levels":[1,2]},"id":9}');
const dead = stored('no JSON', { death });

const rows: readonly [MessageFilter, lampMatches: boolean, deadMatches: boolean][] = [
  [{ sequences: [1, 7] }, true, true],
  [{ sequences: [1, 2] }, false, false],
  [{ fromSequence: 7, toSequence: 7 }, true, true],
  [{ fromSequence: 8 }, false, false],
  [{ toSequence: 6 }, false, false],
  [{ topic: 'orders/+' }, true, true],
  [{ topic: 'lamps/#' }, false, false],
  [{ code: 'driver_failed' }, false, true],
  [{ fingerprint: fingerprintOf(dead.death) }, false, true],
  [{ fingerprint: fingerprintOf(lamp.death) }, true, false],
  [{ minAgeMs: 10_000, maxAgeMs: 10_000 }, true, true],
  [{ minAgeMs: 10_001 }, false, false],
  [{ maxAgeMs: 9_999 }, false, false],
  [{ headers: { kind: 'lamp' } }, true, true],
  [{ headers: { kind: 'lamp', colour: 'green' } }, false, false],
  [{ payload: { '$.id': 9, '$.state.on': true } }, true, false],
  [{ payload: { '$.state': { levels: [1, 2], on: true } } }, true, false],
  [{ payload: { '$.state.levels[1]': 2 } }, true, false],
  [{ payload: { '$.id': '9' } }, false, false],
  [{ payload: { '$.none': null } }, false, false],
  [{ topic: '#', code: 'driver_failed', toSequence: 6 }, false, false],
];

test('a filter means the messages for which all of it holds', () => {
  for (const [filter, lampMatches, deadMatches] of rows) {
    const counted = { isInOther: () => false };
    const match = compileFilter(filter, now);
    assert.deepEqual(
      [match?.(lamp, counted), match?.(dead, counted)],
      [lampMatches, deadMatches],
      JSON.stringify(filter),
    );
  }
  assert.equal(compileFilter({}, now), undefined);
});

test('a filter that cannot be is refused', () => {
  assert.throws(() => compileFilter({ topic: 'a/#/b' }, now), { code: 'invalid_filter' });
  assert.throws(() => compileFilter({ payload: { 'state.on': true } }, now), { code: 'invalid_argument' });
  const sequences = Array.from({ length: 10_001 }, (_, sequence) => sequence);
  assert.throws(() => compileFilter({ sequences }, now), /at most 10000 sequences/);
});
