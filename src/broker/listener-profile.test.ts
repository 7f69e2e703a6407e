import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Credentials } from '../access/access.ts';
import { testCertificate } from '../access/testing/test-accounts.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import { BrokerFixture, openAccess } from './testing/broker-fixture.ts';
import type { ListenerProfile } from './transport.ts';

function profile(changes: Partial<ListenerProfile>): { listener: ListenerProfile } {
  return { listener: { access: { listener: 'other' }, ...changes } };
}

test('a packet is as large as the listener allows, and CONNACK says so [MQTT-3.2.2-15]', async () => {
  const client = new BrokerFixture().open(5, '192.0.2.1', profile({ packetBytesMax: 1024 }));
  await client.connect({});
  assert.equal(client.take(PacketType.connack).properties?.maximumPacketSize, 1024);
  client.publish('t', 'x'.repeat(1024 - 7));
  assert.equal(client.ended, false);
  client.publish('t', 'x'.repeat(1024));
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x95);
});

test('a listener may allow larger packets than the others', async () => {
  const client = new BrokerFixture({ limits: { packetBytesMax: 1024 } }).open(
    5,
    '192.0.2.1',
    profile({ packetBytesMax: 4096 }),
  );
  await client.connect({});
  client.publish('t', 'x'.repeat(4000));
  assert.equal(client.ended, false);
});

test('CONNECT itself is no larger than the listener allows', async () => {
  const client = new BrokerFixture().open(5, '192.0.2.1', profile({ packetBytesMax: 1024 }));
  await client.connect({ username: 'x'.repeat(1024) });
  assert.equal(client.ended, true);
});

for (const [permanent, reasonCode] of [
  [false, 0x9c],
  [true, 0x9d],
] as const) {
  test(`a listener that redirects answers CONNECT with ${reasonCode}, the Server Reference, and return code 3 on 3.1.1`, async () => {
    const authenticate = (): never => assert.fail('nobody logs in here');
    const fixture = new BrokerFixture({ access: openAccess({ authenticate }) });
    const redirect = profile({ redirect: { serverReference: 'elsewhere.example:1883', permanent } });
    const v5 = fixture.open(5, '192.0.2.1', redirect);
    await v5.connect({});
    const connack = v5.take(PacketType.connack);
    assert.equal(connack.reasonCode, reasonCode);
    assert.equal(connack.properties?.serverReference, 'elsewhere.example:1883');
    assert.equal(v5.ended, true);
    const v4 = fixture.open(4, '192.0.2.1', redirect);
    await v4.connect({});
    assert.equal(v4.take(PacketType.connack).reasonCode, 3);
    assert.equal(v4.ended, true);
    assert.equal(fixture.broker.levels().sessions, 0);
  });
}

test('access is asked with what the listener says of its clients', async () => {
  let asked: Credentials | undefined;
  const access = openAccess({
    authenticate: (credentials) => {
      asked = credentials;
      return Promise.resolve({ kind: 'anonymous', name: 'anonymous' });
    },
  });
  const through = { listener: 'tls', anonymous: 'never', certificateIdentity: 'commonName' } as const;
  const certificate = testCertificate('d1');
  const client = new BrokerFixture({ access }).open(5, '192.0.2.1', { ...profile({ access: through }), certificate });
  await client.connect({});
  assert.deepEqual([asked?.through, asked?.certificate], [through, certificate]);
});
