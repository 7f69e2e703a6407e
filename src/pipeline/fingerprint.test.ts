import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint } from './fingerprint.ts';

const one = (reason: string): string => fingerprint('driver_failed', 'decode', 'elsys', reason);

test('texts that differ in values only have one fingerprint', () => {
  assert.equal(one('Length 17 is not 18'), one('Length 3 is not 18.5'));
  assert.equal(one('Unknown key "temp" at 0x1f'), one('Unknown key "hum" at 0xAB03'));
  assert.equal(one('Device a81758fffe03d22b is odd'), one('Device a81758fffe0410cc is odd'));
  assert.equal(one('Cannot  read\n-5'), one('Cannot read 5e-7'));
});

test('another text, code, stage or driver has another fingerprint', () => {
  const all = [
    one('Length 17 is too short'),
    one('Length 17 is too long'),
    fingerprint('driver_timeout', 'decode', 'elsys', 'Length 17 is too short'),
    fingerprint('driver_failed', 'validate', 'elsys', 'Length 17 is too short'),
    fingerprint('driver_failed', 'decode', 'milesight', 'Length 17 is too short'),
  ];
  assert.equal(new Set(all).size, all.length);
  for (const each of all) assert.match(each, /^[0-9a-f]{16}$/);
});
