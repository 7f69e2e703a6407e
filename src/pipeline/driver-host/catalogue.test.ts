import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rollout } from '../../devices/rollout.ts';
import { Catalogue } from './catalogue.ts';

const canary = (share: number): Rollout => ({ stage: 'canary', share });
const shadow: Rollout = { stage: 'shadow', share: 0 };
const off: Rollout = { stage: 'off', share: 0 };

test('a canary has its share of 10,000 devices, each for good, and more of them when the share grows', () => {
  const catalogue = withDrivers(['1.0.0', '*'], ['2.0.0', '*', canary(0.1)]);
  const devices = Array.from({ length: 10_000 }, (_, n) => `device-${n}`);
  const chosen = (): Set<string> => new Set(devices.filter((id) => versionFor(catalogue, '1.0.0', id) === '2.0.0'));
  const first = chosen();
  assert.ok(Math.abs(first.size - 1_000) <= 200, `a share of 10 % has ${first.size} of 10,000`);
  assert.deepEqual(chosen(), first);
  catalogue.place({ id: 'own', version: '2.0.0' }, canary(0.5));
  const more = chosen();
  assert.ok(Math.abs(more.size - 5_000) <= 200, `a share of 50 % has ${more.size} of 10,000`);
  assert.ok([...first].every((id) => more.has(id)));
});

test('a version that is off gives way to the one before, and an active one is chosen at once', () => {
  const catalogue = withDrivers(['1.0.0', '*'], ['2.0.0', '*']);
  assert.equal(versionFor(catalogue, '1.0.0'), '2.0.0');
  catalogue.place({ id: 'own', version: '2.0.0' }, off);
  assert.equal(versionFor(catalogue, '1.0.0'), '1.0.0');
  catalogue.place({ id: 'own', version: '2.0.0' }, { stage: 'active', share: 1 });
  assert.equal(versionFor(catalogue, '1.0.0'), '2.0.0');
});

test('a canary for a range of firmware has no device outside of it', () => {
  const catalogue = withDrivers(['1.0.0', '*'], ['2.0.0', '>=2', canary(1)]);
  assert.deepEqual(
    ['1.9.0', '2.1.0', undefined].map((firmware) => versionFor(catalogue, firmware)),
    ['1.0.0', '2.0.0', '1.0.0'],
  );
});

test('a shadow decodes for nobody, and is named where its firmware range fits', () => {
  const catalogue = withDrivers(['1.0.0', '*'], ['2.0.0', '>=2', shadow]);
  assert.equal(versionFor(catalogue, '2.1.0'), '1.0.0');
  assert.equal(catalogue.choice('meter', '2.1.0').shadows[0].version, '2.0.0');
  assert.equal(catalogue.choice('meter', '1.0.0').shadows.length, 0);
});

test('the first driver of a type does not take its devices from the driver for all while it is on trial', () => {
  const catalogue = withDrivers(['9.0.0', '*', shadow]);
  catalogue.add({ ...driver('1.0.0', '*'), id: 'any', deviceType: '*', number: 100 });
  const nameFor = () => catalogue.resolve('meter', undefined, 'd1')?.id;
  assert.equal(nameFor(), 'any');
  for (const rollout of [canary(0), off]) {
    catalogue.place({ id: 'own', version: '9.0.0' }, rollout);
    assert.equal(nameFor(), 'any');
  }
  catalogue.place({ id: 'own', version: '9.0.0' }, canary(1));
  assert.equal(nameFor(), 'own');
});

test('a driver for all decodes for a type until that has one of its own', () => {
  const catalogue = new Catalogue();
  const all = { id: 'all', version: '1.0.0' };
  const own = { id: 'own', version: '1.0.0' };
  catalogue.add({ ...all, deviceType: '*', firmware: '*', number: 0, script: undefined });
  assert.equal(catalogue.decodes(all, 'x'), true);
  catalogue.add({ ...own, deviceType: 'x', firmware: '*', number: 1, script: '' });
  assert.deepEqual(
    [
      catalogue.decodes(all, 'x'),
      catalogue.decodes(own, 'x'),
      catalogue.decodes(all, 'y'),
      catalogue.decodes(own, 'y'),
    ],
    [false, true, true, false],
  );
});

test('there is nothing to look up while no version is on trial', () => {
  const catalogue = withDrivers(['1.0.0', '*'], ['2.0.0', '*', off]);
  assert.equal(catalogue.isAny, false);
  catalogue.place({ id: 'own', version: '2.0.0' }, shadow);
  assert.equal(catalogue.isAny, true);
});

type Row = readonly [version: string, firmware: string, rollout?: Rollout];

function withDrivers(...rows: readonly Row[]): Catalogue {
  const catalogue = new Catalogue();
  for (const [at, [version, firmware, rollout]] of rows.entries()) {
    catalogue.add({ ...driver(version, firmware), number: at }, rollout);
  }
  return catalogue;
}

function driver(version: string, firmware: string) {
  return { id: 'own', version, deviceType: 'meter', firmware, script: 'function decodeUplink() {}' };
}

function versionFor(catalogue: Catalogue, firmware: string | undefined, device = 'd1'): string | undefined {
  return catalogue.resolve('meter', firmware, device)?.version;
}
