import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import type { SetAside } from '../driver-shelf.ts';
import { SetAsideWatch, setAsideWatchMs } from './set-aside-watch.ts';

function watched() {
  const clock = new SimulatedClock();
  const said: [string, Record<string, unknown>][] = [];
  const state: { setAside: readonly SetAside[] } = { setAside: [] };
  const watch = new SetAsideWatch({
    setAside: () => state.setAside,
    say: (topic, payload) => said.push([topic, JSON.parse(payload().toString())]),
    clock,
    log: silentLog,
  });
  watch.start();
  const look = (setAside: readonly SetAside[]) => {
    state.setAside = setAside;
    clock.advance(setAsideWatchMs);
    return said.splice(0);
  };
  return { watch, look, clock };
}

const driver = { id: 'probe', version: '1.0.0' };

test('a driver that is set aside raises an alert once, again for another device type, and clears it when it is tried again', () => {
  const { look, clock } = watched();
  const raised = (deviceTypes: readonly string[], workers: readonly string[] = []) => [
    '$events/driver/probe/alert-raised',
    {
      driver: 'probe',
      version: '1.0.0',
      event: 'alert-raised',
      at: clock.now(),
      alert: 'set-aside',
      deviceTypes,
      workers,
    },
  ];
  const tank = { driver, deviceTypes: ['tank'], workers: [] };
  const both = { driver, deviceTypes: ['tank', 'silo'], workers: ['w'] };
  assert.deepEqual(look([]), []);
  assert.deepEqual(look([tank]), [raised(['tank'])]);
  assert.deepEqual(look([tank]), []);
  assert.deepEqual(look([both]), [raised(['tank', 'silo'], ['w'])]);
  assert.deepEqual(look([tank]), []);
  const [[topic, cleared], ...more] = look([]);
  assert.deepEqual(
    [topic, cleared.alert, cleared.version, more],
    ['$events/driver/probe/alert-cleared', 'set-aside', '1.0.0', []],
  );
  assert.deepEqual(look([tank]), [raised(['tank'])]);
});

test('two versions of one driver have an alert each', () => {
  const { look } = watched();
  const newer = { driver: { id: 'probe', version: '2.0.0' }, deviceTypes: ['tank'], workers: [] };
  look([{ driver, deviceTypes: ['tank'], workers: [] }]);
  assert.deepEqual(
    look([newer]).map(([topic, { version }]) => [topic, version]),
    [
      ['$events/driver/probe/alert-raised', '2.0.0'],
      ['$events/driver/probe/alert-cleared', '1.0.0'],
    ],
  );
});

test('nothing is said once it is stopped', () => {
  const { watch, look } = watched();
  watch.stop();
  assert.deepEqual(look([{ driver, deviceTypes: ['tank'], workers: [] }]), []);
});
