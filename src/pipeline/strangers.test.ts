import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Strangers, strangersMax } from './strangers.ts';

test('a stranger is counted, the one that sent last stands first, and one that is registered is none any more', () => {
  const strangers = new Strangers();
  strangers.saw('a', 'client', 10);
  strangers.saw('b', 'x'.repeat(500), 20);
  strangers.saw('a', 'other', 30);
  const [first, second] = strangers.list();
  assert.deepEqual(first, { deviceId: 'a', messages: 2, firstAt: 10, lastAt: 30, lastClient: 'other' });
  assert.deepEqual([second.deviceId, second.lastClient.length], ['b', 128]);
  strangers.forget('a');
  assert.deepEqual(
    strangers.list().map(({ deviceId }) => deviceId),
    ['b'],
  );
});

test('of more strangers than are kept those are that sent last', () => {
  const strangers = new Strangers();
  for (let n = 0; n < strangersMax + 5; n++) strangers.saw(`d${n}`, 'c', n);
  const ids = strangers.list().map(({ deviceId }) => deviceId);
  assert.deepEqual([ids.length, ids[0], ids.at(-1)], [strangersMax, `d${strangersMax + 4}`, 'd5']);
});
