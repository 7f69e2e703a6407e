import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerFixture, openAccess } from './testing/broker-fixture.ts';

test('a device is there from its first connection to its last, whatever the number and the take-overs', async () => {
  const told: [string, boolean][] = [];
  const device = { kind: 'device', name: 'm-1', deviceType: 'meter' } as const;
  const access = openAccess({ authenticate: () => Promise.resolve(device) });
  const fixture = new BrokerFixture({ access, presence: (id, online) => told.push([id, online]) });
  const first = await fixture.connect('one');
  const second = await fixture.connect('two');
  first.cut();
  assert.deepEqual(told, [['m-1', true]]);
  second.cut();
  assert.deepEqual(told.splice(0), [
    ['m-1', true],
    ['m-1', false],
  ]);
  const before = await fixture.connect('one');
  const after = await fixture.connect('one');
  assert.deepEqual([before.ended, after.ended], [true, false]);
  assert.deepEqual(told.splice(0), [
    ['m-1', true],
    ['m-1', false],
    ['m-1', true],
  ]);
});

test('who is no device is not told of', async () => {
  const told: string[] = [];
  const fixture = new BrokerFixture({ presence: (id) => told.push(id) });
  (await fixture.connect('one')).cut();
  assert.deepEqual(told, []);
});
