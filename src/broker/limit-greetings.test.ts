import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../mqtt/codec/packets.ts';
import { BrokerFixture } from './testing/broker-fixture.ts';
import { answered, type MemoryClient } from './testing/memory-client.ts';

function fixtureOf(limits: Record<string, string>): BrokerFixture {
  return new BrokerFixture({
    limitsOf: async (id) => {
      if (id === 'broken') throw new Error('No registry');
      return limits[id] === undefined ? undefined : Buffer.from(limits[id]);
    },
  });
}

async function greeting(client: MemoryClient, filter: string): Promise<[string, string, boolean][]> {
  client.subscribe(filter);
  await answered();
  return client
    .takeAll()
    .flatMap((packet) =>
      packet.type === PacketType.publish && 'payload' in packet
        ? [[packet.topic, String(packet.payload), packet.retain] as [string, string, boolean]]
        : [],
    );
}

test('a device that subscribes to its limits is told them as if they were retained, beside what is', async () => {
  const fixture = fixtureOf({ 'm-1': '{"bytesMax":100}' });
  const client = await fixture.connect('c');
  client.publish('devices/m-1/last', 'kept', { retain: true });
  client.publish('devices/m-1/limits', '{"bytesMax":9}', { retain: true });
  const limits = ['devices/m-1/limits', '{"bytesMax":100}', true];
  assert.deepEqual(await greeting(client, 'devices/m-1/limits'), [limits]);
  assert.deepEqual(await greeting(client, 'devices/m-1/#'), [limits, ['devices/m-1/last', 'kept', true]]);
  assert.deepEqual(await greeting(client, 'devices/m-1/last'), [['devices/m-1/last', 'kept', true]]);
});

test('a device that is not there, or cannot be looked up, has none, and the subscription holds', async () => {
  const fixture = fixtureOf({});
  const client = await fixture.connect('c');
  assert.deepEqual(await greeting(client, 'devices/stranger/limits'), []);
  assert.deepEqual(await greeting(client, 'devices/broken/limits'), []);
  client.publish('devices/broken/limits', 'x');
  assert.equal(client.takePublish().payload, 'x');
});
