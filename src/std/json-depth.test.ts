import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nestsDeeper } from './json-depth.ts';

test('arrays and objects inside each other are counted, those beside each other are not', () => {
  assert.equal(nestsDeeper('[[{}]]', 3), false);
  assert.equal(nestsDeeper('[[{}]]', 2), true);
  assert.equal(nestsDeeper('[{},{},[],{"a":[]}]', 3), false);
  assert.equal(nestsDeeper('{"a":{"b":[1]}}', 2), true);
  assert.equal(nestsDeeper('', 0), false);
  assert.equal(nestsDeeper('7', 0), false);
});

test('brackets within text are text, whatever is escaped there', () => {
  assert.equal(nestsDeeper(JSON.stringify(['[[[[', '"[[[[', '\\"[[[[', '\\\\"{{{{']), 1), false);
  assert.equal(nestsDeeper(JSON.stringify({ 'a[[[\\': '\\' }), 1), false);
  assert.equal(nestsDeeper(JSON.stringify(['\\', ['"', []]]), 2), true);
});

test('text that is no JSON has an end too', () => {
  assert.equal(nestsDeeper('"[[[', 1), false);
  assert.equal(nestsDeeper(']]][', 1), false);
  assert.equal(nestsDeeper('['.repeat(100_000), 64), true);
});
