import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockListOf, isListed, networkOf } from './network.ts';

const networks: readonly [address: string, network: string][] = [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:0001:2::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
  ['::1', '0:0:0:0::/64'],
  ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
];

for (const [address, network] of networks) {
  test(`${JSON.stringify(address)} belongs to ${JSON.stringify(network)}`, () => {
    assert.equal(networkOf(address), network);
  });
}

test('an address is on a list by itself or by its network, in either spelling', () => {
  const list = blockListOf(['192.0.2.0/24', '198.51.100.7', '2001:db8::/32', '::1']);
  for (const address of ['192.0.2.7', '::ffff:192.0.2.7', '198.51.100.7', '2001:db8:1::2', '::1']) {
    assert.ok(isListed(list, address), address);
  }
  for (const address of ['192.0.3.1', '::ffff:192.0.3.1', '198.51.100.8', '2001:db9::1', '::2', '']) {
    assert.ok(!isListed(list, address), address);
  }
});
