import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../mqtt/codec/packets.ts';
import { BrokerFixture, openAccess } from './testing/broker-fixture.ts';

const denied = openAccess({ mayPublish: () => false, maySubscribe: () => false });
const asks = (maximumPacketSize: number) =>
  ({ properties: { maximumPacketSize, requestProblemInformation: 1 } }) as const;

test('a refusal leaves out of PUBACK and PUBREC what would make it too large [MQTT-3.4.2-2, MQTT-3.5.2-2]', async () => {
  const fixture = new BrokerFixture({ access: denied });
  for (const [size, expected] of [
    [1_000, ['reason', 'code']],
    [50, ['code']],
    [30, []],
  ] as const) {
    const client = await fixture.connect('c', asks(size));
    for (const [qos, type] of [
      [1, PacketType.puback],
      [2, PacketType.pubrec],
    ] as const) {
      client.publish('a/topic', 'x', { qos, packetId: qos });
      const { reasonCode, properties } = client.take(type);
      assert.equal(reasonCode, 0x87);
      const met = [properties?.reasonString && 'reason', properties?.userProperties && 'code'].filter(Boolean);
      assert.deepEqual(met, expected, `${size} bytes`);
    }
  }
});

test('a refusal leaves out of SUBACK what would make it too large [MQTT-3.9.2-1]', async () => {
  const fixture = new BrokerFixture({ access: denied });
  for (const size of [1_000, 30]) {
    const client = await fixture.connect('c', asks(size));
    client.sendSubscribe('a/topic');
    const { reasonCodes, properties } = client.take(PacketType.suback);
    assert.deepEqual(reasonCodes, [0x87]);
    assert.equal(properties?.reasonString !== undefined, size === 1_000);
  }
});

test('a QoS 2 message that has begun goes on although it has expired [MQTT-4.3.3-7]', async () => {
  const fixture = new BrokerFixture();
  const kept = { cleanStart: false, properties: { sessionExpiryInterval: 100 } } as const;
  const client = await fixture.connect('c', kept);
  await client.subscribed('t', { qos: 2 });
  const publisher = await fixture.connect('p');
  publisher.publish('t', 'x', { qos: 2, packetId: 1, properties: { messageExpiryInterval: 10 } });
  const { packetId } = client.takePublish();
  fixture.clock.advance(20_000);
  client.ack(PacketType.pubrec, packetId);
  assert.equal(client.take(PacketType.pubrel).packetId, packetId);
  client.ack(PacketType.pubcomp, packetId);
  assert.equal(fixture.broker.counters.dropped.expired, 0);
});

test('a QoS 2 message that expires before PUBREL is completed as every other [MQTT-4.3.3-13]', async () => {
  const fixture = new BrokerFixture();
  const client = await fixture.connect('c');
  client.publish('t', 'x', { qos: 2, packetId: 7, properties: { messageExpiryInterval: 1 } });
  assert.equal(client.take(PacketType.pubrec).reasonCode, 0);
  fixture.clock.advance(5_000);
  client.ack(PacketType.pubrel, 7);
  const { packetId, reasonCode } = client.take(PacketType.pubcomp);
  assert.deepEqual([packetId, reasonCode], [7, 0]);
});
