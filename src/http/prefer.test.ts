import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefer, preferenceApplied } from './prefer.ts';

test('preferences are read as RFC 7240 writes them, and unknown ones are nobody’s business', () => {
  const read: [string | undefined, boolean, number | undefined][] = [
    [undefined, false, undefined],
    ['respond-async', true, undefined],
    ['wait=10', false, 10],
    ['Respond-Async, Wait=100', true, 30],
    ['return=minimal; foo="a", wait = "5" ; x=1', false, 5],
    ['wait=1, wait=20', false, 1],
    ['', false, undefined],
  ];
  for (const [header, respondAsync, waitSeconds] of read) {
    assert.deepEqual(parsePrefer(header), { respondAsync, waitSeconds }, header);
  }
});

test('a header of blanks is read in no time', { timeout: 10_000 }, () => {
  const blanks = ' '.repeat(16_000);
  const none = { respondAsync: false, waitSeconds: undefined };
  assert.deepEqual(parsePrefer(`a=${blanks}"x"x`), none);
  assert.deepEqual(parsePrefer(`a${blanks}b`), none);
  assert.throws(() => parsePrefer(`wait${blanks}=${blanks}"${blanks}x`), { code: 'invalid_argument' });
});

test('a wait that is no number of seconds is refused', () => {
  for (const header of ['wait', 'wait=', 'wait=soon', 'wait=-1', 'wait=1.5']) {
    assert.throws(() => parsePrefer(header), { code: 'invalid_argument' }, header);
  }
});

test('what was followed is said in the answer', () => {
  assert.deepEqual(preferenceApplied({ respondAsync: true, waitSeconds: 5 }), {
    'preference-applied': 'respond-async, wait=5',
  });
  assert.deepEqual(preferenceApplied({ respondAsync: false, waitSeconds: undefined }), {});
});
