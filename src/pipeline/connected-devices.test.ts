import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../std/log.ts';
import { ConnectedDevices } from './connected-devices.ts';
import type { KnownDevice } from './registry-cache.ts';

/** With `a` and `b` behind `gate`; answers what was told since the last look, as `+id` and `-id`. */
function setUp() {
  const registered = new Map([
    ['a', { gateway: 'gate', retired: false }],
    ['b', { gateway: 'gate', retired: false }],
  ]);
  const told: string[] = [];
  const connected = new ConnectedDevices({
    devices: {
      lookup: async (id) => (registered.has(id) ? ({ device: registered.get(id) } as unknown as KnownDevice) : null),
    },
    tell: (id, online) => void told.push(`${online ? '+' : '-'}${id}`),
    log: silentLog,
  });
  return { connected, registered, news: () => told.splice(0).join(' ') };
}

test('a device that its gateway connects is there until the gateway says otherwise, or goes itself', () => {
  const { connected, news } = setUp();
  connected.changed('gate', true);
  for (const id of ['a', 'b', 'a']) connected.said('gate', id, true);
  assert.equal(news(), '+gate +a +b');
  for (const id of ['a', 'a']) connected.said('gate', id, false);
  assert.equal(news(), '-a');
  connected.changed('gate', false);
  assert.equal(news(), '-gate -b');
  connected.changed('gate', true);
  assert.equal(news(), '+gate');
});

test('what a gateway says that is not there itself does not count', () => {
  const { connected, news } = setUp();
  connected.said('gate', 'a', true);
  connected.said('gate', 'a', false);
  assert.equal(news(), '');
});

test('a device with a connection of its own is there as long as either is', () => {
  const { connected, news } = setUp();
  connected.changed('gate', true);
  connected.changed('a', true);
  connected.said('gate', 'a', true);
  connected.changed('a', false);
  assert.equal(news(), '+gate +a');
  connected.changed('a', true);
  connected.said('gate', 'a', false);
  connected.changed('gate', false);
  assert.equal(news(), '-gate');
  connected.changed('a', false);
  assert.equal(news(), '-a');
});

test('a device that another gateway connects goes with that one', () => {
  const { connected, news } = setUp();
  for (const gateway of ['gate', 'other']) connected.changed(gateway, true);
  connected.said('gate', 'a', true);
  connected.said('other', 'a', true);
  connected.changed('gate', false);
  assert.equal(news(), '+gate +other +a -gate');
  connected.changed('other', false);
  assert.equal(news(), '-other -a');
});

test('a device that is retired, removed or put behind another gateway is not there by its old one any more', async () => {
  const { connected, registered, news } = setUp();
  connected.changed('gate', true);
  const changes: (() => unknown)[] = [
    () => registered.set('a', { gateway: 'gate', retired: true }),
    () => registered.set('a', { gateway: 'other', retired: false }),
    () => registered.delete('a'),
  ];
  for (const change of changes) {
    registered.set('a', { gateway: 'gate', retired: false });
    connected.said('gate', 'a', true);
    await connected.reexamine('a');
    news();
    change();
    await connected.reexamine('a');
    assert.equal(news(), '-a');
  }
});
