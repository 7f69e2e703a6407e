import assert from 'node:assert/strict';
import { PacketType } from '../../mqtt/codec/packets.ts';
import type { BrokerFixture } from './broker-fixture.ts';
import type { MemoryClient } from './memory-client.ts';

/** A session that outlives its connection. */
export const kept = { sessionExpiryInterval: 100 };
/** A window of one message. */
export const one = { receiveMaximum: 1 };

/** Connected members of `$share/g/t/#` at QoS 2, by client id. */
export async function members(fixture: BrokerFixture, ...clientIds: string[]): Promise<MemoryClient[]> {
  const clients: MemoryClient[] = [];
  for (const clientId of clientIds) {
    const client = await fixture.connect(clientId);
    assert.equal(client.subscribe('$share/g/t/#', { qos: 2 }), 2);
    clients.push(client);
  }
  return clients;
}

/** A member of `$share/g/t/#` whose session outlives its connection. */
export async function keptMember(fixture: BrokerFixture, clientId: string, properties = {}): Promise<MemoryClient> {
  const client = await fixture.connect(clientId, { properties: { ...kept, ...properties } });
  assert.equal(await client.subscribed('$share/g/t/#', { qos: 1 }), 1);
  return client;
}

export function taken(client: MemoryClient): string[] {
  return client.waiting().map(() => client.takePublish().payload);
}

/** Publishes and takes the acknowledgement; a fresh packet id is not needed, since each is answered at once. */
export function publishAcknowledged(publisher: MemoryClient, topic: string, payload: string, qos: 1 | 2 = 1): void {
  publisher.publish(topic, payload, { qos });
  if (qos === 1) {
    assert.equal(publisher.take(PacketType.puback).reasonCode, 0);
    return;
  }
  publisher.take(PacketType.pubrec);
  publisher.ack(PacketType.pubrel, 1);
  publisher.take(PacketType.pubcomp);
}
