import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, editDistance, nearest } from './nearest.ts';

test('a swap of neighbours costs one, like any single slip', () => {
  assert.equal(editDistance('mqtt.prot', 'mqtt.port'), 1);
  assert.equal(editDistance('mqtt.por', 'mqtt.port'), 1);
  assert.equal(editDistance('mqtt.pork', 'mqtt.port'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('same', 'same'), 0);
});

test('the nearest known name is suggested, whatever its case', () => {
  assert.equal(nearest('mqtt.packetbytes', ['mqtt.port', 'mqtt.packetBytesMax', 'data']), 'mqtt.packetBytesMax');
  assert.equal(didYouMean('dta', ['data', 'host']), '; did you mean "data"?');
});

test('nothing is suggested where nothing is like it', () => {
  assert.equal(didYouMean('zzzzzz', ['data', 'host']), '');
});
