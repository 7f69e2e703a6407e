import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import type { DriverRef } from '../driver.ts';
import type { SetAside } from '../driver-shelf.ts';
import { SetAsideWatch, setAsideClearMs, setAsideWatchMs } from './set-aside-watch.ts';

const driver = { id: 'probe', version: '1.0.0' };
const newer = { id: 'probe', version: '2.0.0' };

type Said = readonly [topic: string, payload: Record<string, unknown>];

/** `before`: the drivers that the start finds. */
function watched(before: readonly DriverRef[] = []) {
  const clock = new SimulatedClock();
  let said: Said[] = [];
  const logged: string[] = [];
  const state: { setAside: readonly SetAside[]; drivers: readonly DriverRef[]; decoded: readonly string[] } = {
    setAside: [],
    drivers: before,
    decoded: ['tank', 'silo'],
  };
  const watch = new SetAsideWatch({
    setAside: () => state.setAside,
    drivers: () => state.drivers,
    decodes: (_, deviceType) => state.decoded.includes(deviceType),
    say: (topic, payload) => said.push([topic, JSON.parse(payload().toString())]),
    clock,
    log: { ...silentLog, info: (message: string) => void logged.push(message) },
  });
  watch.start();
  /** What is said at the next look, or at all of them for `ms`. */
  const look = (setAside: readonly SetAside[], ms = setAsideWatchMs): Said[] => {
    state.setAside = setAside;
    said = [];
    clock.advance(ms);
    return said;
  };
  look([]);
  state.drivers = [driver, newer];
  return { watch, look, logged, state };
}

const names = (said: readonly Said[]): string[] =>
  said.map(([topic, { version, deviceTypes, because }]) =>
    [topic.split('/').at(-1), version, because ?? (deviceTypes as string[]).join()].join(' '),
  );

const aside = (
  deviceTypes: readonly string[],
  workers: readonly string[] = [],
  which: DriverRef = driver,
): SetAside => ({
  driver: which,
  deviceTypes,
  workers,
});

test('a driver that is set aside raises an alert once, and again for another device type', () => {
  const { look } = watched();
  const [[topic, { at, ...payload }], ...more] = look([aside(['tank'], ['w'])]);
  assert.deepEqual([topic, typeof at, more], ['$events/driver/probe/alert-raised', 'number', []]);
  assert.deepEqual(payload, {
    driver: 'probe',
    version: '1.0.0',
    event: 'alert-raised',
    alert: 'set-aside',
    deviceTypes: ['tank'],
    workers: ['w'],
  });
  assert.deepEqual(look([aside(['tank'])]), []);
  assert.deepEqual(names(look([aside(['tank', 'silo'])])), ['alert-raised 1.0.0 tank,silo']);
});

test('an alert is cleared when the driver has been given messages of all device types for a minute', () => {
  const { look, logged } = watched();
  look([aside(['tank'])]);
  assert.deepEqual(look([], setAsideClearMs - setAsideWatchMs), []);
  assert.deepEqual(logged, []);
  assert.deepEqual(names(look([])), ['alert-cleared 1.0.0 served']);
  assert.deepEqual(logged, ['A driver that was set aside is given messages again']);
  assert.deepEqual(look([], 10 * setAsideClearMs), []);
  assert.deepEqual(names(look([aside(['tank'])])), ['alert-raised 1.0.0 tank']);
});

test('whoever is set aside in turns says so once: a driver for one device type or another, or one driver or another', () => {
  const { look } = watched();
  const turns = [aside(['tank']), aside(['silo']), aside(['tank'], [], newer)];
  const said = Array.from({ length: 30 }, (_, turn) => look([turns[turn % turns.length]])).flat();
  assert.deepEqual(names(said), ['alert-raised 1.0.0 tank', 'alert-raised 1.0.0 silo', 'alert-raised 2.0.0 tank']);
  const again = Array.from({ length: 30 }, (_, turn) => look(turn % 5 === 0 ? [turns[0]] : [])).flat();
  assert.deepEqual(names(again), ['alert-cleared 2.0.0 served']);
});

test('of a driver that is gone the alert says that, at once', () => {
  const { look, logged, state } = watched();
  look([aside(['tank'])]);
  state.drivers = [newer];
  assert.deepEqual(names(look([])), ['alert-cleared 1.0.0 gone']);
  assert.deepEqual(logged, ['A driver that was set aside is not in use any more']);
});

test('a driver that others have replaced for all of its device types counts as gone', () => {
  const { look, state } = watched();
  look([aside(['tank', 'silo'])]);
  state.decoded = ['silo'];
  assert.deepEqual(look([aside(['silo'])]), []);
  state.decoded = [];
  assert.deepEqual(names(look([])), ['alert-cleared 1.0.0 gone']);
  assert.deepEqual(look([], 2 * setAsideClearMs), []);
});

test('what may have been raised before a start is cleared behind it, unless the driver is set aside again', () => {
  const { look, logged } = watched([driver, newer]);
  assert.deepEqual(names(look([aside(['tank'])])), ['alert-raised 1.0.0 tank']);
  assert.deepEqual(names(look([aside(['tank'])], 2 * setAsideClearMs)), ['alert-cleared 2.0.0 served']);
  assert.deepEqual(logged, []);
});

test('nothing is said once it is stopped', () => {
  const { watch, look } = watched();
  watch.stop();
  assert.deepEqual(look([aside(['tank'])]), []);
});
