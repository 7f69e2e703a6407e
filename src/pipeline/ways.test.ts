import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDeviceType } from '../devices/testing/store-samples.ts';
import { Ways } from './ways.ts';

test('an event type goes by its own settings, else by those of its nearest family, else by those of the device type', () => {
  const ways = new Ways(
    testDeviceType({
      name: 'meter',
      mode: 'queued',
      bytesMax: 100,
      eventTypes: { 'alarm.*': { mode: 'inline' }, 'alarm.fire.*': { mode: 'auto' }, 'alarm.test': { bytesMax: 10 } },
    }),
    0,
  );
  const met = (eventType: string) => Object.values(ways.of(eventType));
  assert.deepEqual(met('telemetry'), ['queued', 100]);
  assert.deepEqual(met('alarm'), ['queued', 100]);
  assert.deepEqual(met('alarm.door'), ['inline', 100]);
  assert.deepEqual(met('alarm.fire.hall'), ['auto', 100]);
  assert.deepEqual(met('alarm.test'), ['queued', 10]);
  assert.deepEqual(met('__proto__'), ['queued', 100]);
});

test('a device type without limits has nothing to look up for a message', () => {
  const ways = new Ways(testDeviceType({ name: 'meter', mode: 'inline' }), 0);
  assert.deepEqual(ways.of('telemetry'), { mode: 'inline', bytesMax: Number.POSITIVE_INFINITY });
  assert.equal(ways.of('a'), ways.of('b'));
  assert.equal(ways.meter, undefined);
  assert.equal(ways.schemaPolicies, undefined);
});
