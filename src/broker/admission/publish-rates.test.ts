import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../../mqtt/codec/packets.ts';
import { BrokerFixture } from '../testing/broker-fixture.ts';
import type { MemoryClient } from '../testing/memory-client.ts';

function publish(client: MemoryClient, count: number): void {
  for (let i = 0; i < count; i++) client.publish('a', 'x');
}

test('a client that publishes faster than it may is not read until the time for it has passed', async () => {
  const fixture = new BrokerFixture({ limits: { publishRateMax: 10 } });
  const client = await fixture.connect('c');
  publish(client, 10);
  assert.equal(client.paused, false);
  publish(client, 5);
  assert.equal(client.paused, true);
  fixture.clock.advance(499);
  assert.equal(client.paused, true);
  fixture.clock.advance(1);
  assert.equal(client.paused, false);
});

test('nothing of what it sent is lost, and the pause is counted', async () => {
  const fixture = new BrokerFixture({ limits: { publishRateMax: 10 } });
  const subscriber = await fixture.connect('s');
  subscriber.subscribe('a');
  const client = await fixture.connect('c');
  publish(client, 25);
  assert.equal(subscriber.waiting().length, 25);
  assert.equal(fixture.broker.counters.pauses.publish_rate, 1);
  assert.equal(fixture.broker.counters.publisherPausedMs, 1_500);
});

test('bytes have a rate of their own, of packets of any kind', async () => {
  const fixture = new BrokerFixture({ limits: { publishBytesRateMax: 1_000 } });
  const client = await fixture.connect('c');
  client.publish('a', 'x'.repeat(2_000));
  assert.equal(client.paused, true);
  fixture.clock.advance(2_000);
  assert.equal(client.paused, false);
  for (let i = 0; i < 501; i++) client.send({ type: PacketType.pingreq });
  assert.equal(client.paused, true);
});

test('a slowed client has not been silent: its keep-alive begins when it is read again', async () => {
  const fixture = new BrokerFixture({ limits: { publishRateMax: 1 } });
  const client = await fixture.connect('c', { keepAlive: 1 });
  publish(client, 61);
  fixture.clock.advance(60_000);
  assert.equal(client.paused, false);
  assert.equal(client.ended, false);
  fixture.clock.advance(1_500);
  assert.equal(client.ended, true);
});

test('coming back does not pay a debt', async () => {
  const fixture = new BrokerFixture({ limits: { publishRateMax: 10 } });
  const client = await fixture.connect('c');
  publish(client, 110);
  client.cut();
  const again = await fixture.connect('c');
  publish(again, 1);
  assert.equal(again.paused, true);
  fixture.clock.advance(10_000);
  assert.equal(again.paused, true);
  fixture.clock.advance(100);
  assert.equal(again.paused, false);
});

test('the clients of one address share what it may publish, and others have theirs', async () => {
  const fixture = new BrokerFixture({ limits: { publishRatePerAddressMax: 10 } });
  const clients = await Promise.all(
    ['192.0.2.1', '192.0.2.1', '192.0.2.2'].map(async (address, i) => {
      const client = fixture.open(5, address);
      await client.connect({ clientId: `c${i}` });
      return client;
    }),
  );
  publish(clients[0], 10);
  publish(clients[1], 1);
  publish(clients[2], 10);
  assert.deepEqual(
    clients.map(({ paused }) => paused),
    [false, true, false],
  );
});

test('what came in one read with CONNECT counts too', async () => {
  const fixture = new BrokerFixture({ limits: { publishRateMax: 1 } });
  const client = fixture.open();
  const connected = client.connect({ clientId: 'c' });
  publish(client, 5);
  await connected;
  assert.equal(client.paused, true);
  fixture.clock.advance(4_000);
  assert.equal(client.paused, false);
});

test('a client that leaves while it is slowed leaves nothing that wakes later', async () => {
  const fixture = new BrokerFixture({ limits: { publishRateMax: 1 } });
  const client = await fixture.connect('c');
  publish(client, 100);
  client.cut();
  fixture.clock.advance(200_000);
  assert.equal(client.paused, true);
});
