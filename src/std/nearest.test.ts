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
  assert.deepEqual(nearest('mqtt.packetbytes', ['mqtt.port', 'mqtt.packetBytesMax', 'data']), ['mqtt.packetBytesMax']);
  assert.equal(didYouMean('dta', ['data', 'host']), '; did you mean "data"?');
});

test('a name that is part of several suggests them all', () => {
  const flags = ['--config', '--host', '--mqtt-port', '--http-port', '--data'];
  assert.equal(didYouMean('--prot', flags), '; did you mean "--mqtt-port" or "--http-port"?');
  assert.equal(didYouMean('--port', flags), '; did you mean "--mqtt-port" or "--http-port"?');
  assert.equal(didYouMean('--hots', flags), '; did you mean "--host"?');
});

test('the dashes of a flag do not make it like another', () => {
  assert.equal(didYouMean('--xy', ['--ab', '--xyz']), '; did you mean "--xyz"?');
  assert.equal(didYouMean('--frog', ['--host', '--data']), '');
});

test('nothing is suggested where nothing is like it', () => {
  assert.equal(didYouMean('zzzzzz', ['data', 'host']), '');
  assert.equal(didYouMean('list', ['lease', 'show']), '');
  assert.equal(didYouMean('abc', ['set', 'ack']), '');
});
