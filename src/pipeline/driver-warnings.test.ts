import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DriverStage } from '../devices/rollout.ts';
import type { ListedDriver, Serving } from './driver.ts';
import { driverWarnings } from './driver-warnings.ts';

const own = { id: 'own', version: '1.0.0', deviceType: 'tank' };
const rival = { id: 'own', version: '2.0.0', deviceType: 'tank' };
const json = { id: 'json', version: '1.1.0', deviceType: '*' };

test('a version that decodes nothing names what goes before it', () => {
  const serves = { firmware: [], unknownFirmware: false, givesWayTo: [rival] };
  const told = 'no device of type "tank" with firmware *: own 2.0.0 goes before it';
  assert.deepEqual(warn('active', serves), [`It decodes for ${told}`]);
  assert.deepEqual(warn('canary', serves), [`It decodes for ${told}`]);
  assert.deepEqual(warn('shadow', serves), [`It runs beside ${told}`]);
});

test('a version that is off says what becomes of its messages where nothing for their type is in use in its place', () => {
  const first = 'Roll out another version for "tank" as active: while this one is off,';
  assert.deepEqual(warn('off', { beside: [json] }), [
    `${first} messages with firmware * are read by json 1.1.0, which is for every device type`,
  ]);
  assert.deepEqual(warn('off', { isAlone: true }), [
    `${first} messages with firmware * have no driver, and become dead letters`,
  ]);
  assert.deepEqual(warn('off', { beside: [rival], isAlone: true }), [
    `${first} some messages with firmware * have no driver, and become dead letters`,
  ]);
  assert.deepEqual(warn('off', { beside: [rival] }), []);
});

test('a version on trial without one in use says what becomes of the other messages', () => {
  const first =
    'Roll out a version for "tank" as active first: no driver for it is in use beside this one. Messages of devices that the canary does not have';
  assert.deepEqual(warn('canary', { beside: [json] }), [
    `${first} are read by json 1.1.0, which is for every device type`,
  ]);
  assert.deepEqual(warn('canary', { isAlone: true }), [`${first} have no driver, and become dead letters`]);
  assert.equal(warn('shadow', { beside: [json] }).length, 1);
});

test('nothing is said of what does what it should', () => {
  assert.deepEqual(warn('canary', { beside: [rival] }), []);
  assert.deepEqual(warn('active', {}), []);
  assert.deepEqual(warn('canary', { beside: [json] }, { ...own, deviceType: '*' }), []);
});

function warn(stage: DriverStage, serves: Partial<Serving>, driver = own): readonly string[] {
  const listed: ListedDriver = {
    ...driver,
    firmware: '*',
    builtIn: false,
    setAsideFor: [],
    rollout: { stage, share: 0.1 },
  };
  const all = { firmware: ['*'], unknownFirmware: true, givesWayTo: [], beside: [], isAlone: false };
  return driverWarnings(listed, { ...all, ...serves });
}
