import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import { type ClaimDoor, claimBounds } from './claims.ts';
import { BrokerFixture, HeldSink, openAccess } from './testing/broker-fixture.ts';
import { answered, type MemoryClient } from './testing/memory-client.ts';

const request = '$claims/probe/request';
const response = '$claims/probe/response';
const nobodyComesIn = openAccess({
  authenticate: () => Promise.reject(new SluiceError('unauthenticated', 'Nobody comes in')),
});

/** Answers when the test says. */
class HeldClaims implements ClaimDoor {
  readonly asked: { request: string; remoteAddress: string; answer: (outcome: object | Error) => void }[] = [];

  claimByText(bytes: Buffer, remoteAddress: string): Promise<object> {
    const { promise, resolve, reject } = Promise.withResolvers<object>();
    const answer = (outcome: object | Error): void => (outcome instanceof Error ? reject(outcome) : resolve(outcome));
    this.asked.push({ request: bytes.toString(), remoteAddress, answer });
    return promise;
  }
}

async function claiming(
  fixture: BrokerFixture,
  clientId = 'probe',
  remoteAddress = '192.0.2.1',
): Promise<MemoryClient> {
  const client = fixture.open(5, remoteAddress);
  await client.connect({ clientId, username: 'claim', properties: { requestProblemInformation: 1 } });
  return client;
}

test('a device without credentials claims, and hears the answer alone', async () => {
  const claims = new HeldClaims();
  const sink = new HeldSink(request);
  const fixture = new BrokerFixture({ claims, sinks: [sink] });
  const admin = await fixture.connect('admin');
  for (const filter of ['#', '$claims/#', response]) admin.subscribe(filter);
  const client = await claiming(fixture);
  const { reasonCode, properties } = client.take(PacketType.connack);
  assert.equal(reasonCode, 0);
  assert.deepEqual([properties?.maximumQoS, properties?.retainAvailable], [1, 0]);
  assert.equal(client.subscribe(response), 0);
  client.publish(request, '{"key":"k"}', { qos: 1, packetId: 7 });
  await answered();
  assert.deepEqual(client.waiting(), []);
  assert.deepEqual([claims.asked[0].request, claims.asked[0].remoteAddress], ['{"key":"k"}', '192.0.2.1']);
  claims.asked[0].answer({ token: 'secret' });
  await answered();
  const { topic, payload } = client.takePublish();
  assert.deepEqual([topic, payload], [response, '{"token":"secret"}']);
  assert.deepEqual([client.take(PacketType.puback).packetId, client.takeAll()], [7, []]);
  assert.deepEqual([admin.takeAll(), sink.admitted], [[], []]);
});

test('what is wrong with a claim comes as its answer and in PUBACK', async () => {
  const claims = new HeldClaims();
  const client = await claiming(new BrokerFixture({ claims, access: nobodyComesIn }));
  client.take(PacketType.connack);
  client.publish(request, '{}', { qos: 1 });
  const { reasonCode, properties } = client.take(PacketType.puback);
  assert.deepEqual([reasonCode, properties?.userProperties], [0x83, [['sluice-code', 'invalid_argument']]]);
  assert.match(properties?.reasonString ?? '', /^Subscribe to/);
  client.subscribe(response);
  client.publish(request, '{}', { qos: 1 });
  client.publish(request, '{}', { qos: 1, packetId: 2 });
  assert.equal(JSON.parse(client.takePublish().payload).code, 'quota_exceeded');
  claims.asked[0].answer(new SluiceError('conflict', 'It is there'));
  await answered();
  assert.equal(JSON.parse(client.takePublish().payload).code, 'conflict');
  assert.deepEqual(
    [client.take(PacketType.puback).reasonCode, client.take(PacketType.puback).reasonCode],
    [0x83, 0x97],
  );
  assert.equal(claims.asked.length, 1);
});

test('a connection that claims may do nothing else', async () => {
  const fixture = new BrokerFixture();
  const listener = await fixture.connect('listener');
  listener.subscribe('#');
  const client = await claiming(fixture);
  client.take(PacketType.connack);
  for (const filter of ['#', '$claims/+/response', '$claims/other/response', '$SYS/#', `$share/g/${response}`])
    assert.equal(client.subscribe(filter), 0x87, filter);
  for (const topic of ['devices/probe', '$claims/other/request', response]) {
    client.publish(topic, 'x', { qos: 1 });
    assert.equal(client.take(PacketType.puback).reasonCode, 0x87, topic);
    client.publish(topic, 'x');
  }
  assert.deepEqual(listener.takeAll(), []);
  assert.equal(fixture.broker.counters.publishesRefused, 6);
  client.send({ type: PacketType.unsubscribe, packetId: 1, filters: ['x'], properties: undefined });
  assert.equal(client.take(PacketType.disconnect).reasonCode, 0x87);
  const retaining = await claiming(fixture);
  retaining.take(PacketType.connack);
  retaining.publish(request, 'x', { retain: true });
  assert.equal(retaining.take(PacketType.disconnect).reasonCode, 0x9a);
  const exact = await claiming(fixture);
  exact.take(PacketType.connack);
  exact.publish(request, 'x', { qos: 2 });
  assert.equal(exact.take(PacketType.disconnect).reasonCode, 0x9b);
  const large = await claiming(fixture);
  large.take(PacketType.connack);
  large.publish(request, Buffer.alloc(claimBounds.packetBytesMax));
  assert.equal(large.take(PacketType.disconnect).reasonCode, 0x95);
});

test('it takes no client id, no session and no will, and leaves after a while whatever it does', async () => {
  const fixture = new BrokerFixture();
  const device = await fixture.connect('probe');
  const client = await claiming(fixture);
  assert.equal(client.take(PacketType.connack).reasonCode, 0);
  assert.deepEqual([device.ended, fixture.broker.levels().sessions, fixture.broker.levels().claimants], [false, 1, 1]);
  for (let second = 0; second < 29; second++) {
    fixture.clock.advance(1_000);
    client.send({ type: PacketType.pingreq });
    client.take(PacketType.pingresp);
  }
  fixture.clock.advance(1_000);
  assert.deepEqual([client.take(PacketType.disconnect).reasonCode, client.ended], [0xa0, true]);
  client.cut();
  assert.equal(fixture.broker.levels().claimants, 0);
  const refused = fixture.open(5);
  const will = { topic: request, payload: Buffer.from('x'), qos: 0, retain: false, properties: undefined } as const;
  await refused.connect({ clientId: 'probe', username: 'claim', will });
  assert.equal(refused.take(PacketType.connack).reasonCode, 0x87);
  assert.equal((await claiming(fixture, 'a/b')).take(PacketType.connack).reasonCode, 0x85);
});

test('a connection that claims and takes no answers is not read, and gets no more of them', async () => {
  const fixture = new BrokerFixture({ limits: { outputBytesMax: 1_000 } });
  const client = await claiming(fixture);
  client.take(PacketType.connack);
  client.subscribe(response);
  client.stuckBytes = 1_001;
  client.publish('elsewhere', 'x');
  assert.deepEqual([client.paused, client.takeAll()], [true, []]);
  assert.equal(fixture.broker.counters.dropped.slow_consumer, 1);
  client.stuckBytes = 500;
  client.drained();
  assert.equal(client.paused, false);
  client.publish('elsewhere', 'x');
  assert.equal(client.takePublish().topic, response);
  client.stuckBytes = 1_001;
  client.send({ type: PacketType.pingreq });
  assert.equal(client.paused, true);
  fixture.clock.advance(claimBounds.connectionMsMax);
  assert.equal(client.ended, true);
});

test('there are so many places, of one address a quarter, and they are free again', async () => {
  const fixture = new BrokerFixture({ limits: { claimConnectionsMax: 8 } });
  const held: MemoryClient[] = [];
  const codes: number[] = [];
  for (const address of [1, 1, 1, 2, 2, 3, 3, 4, 4, 5]) {
    const client = await claiming(fixture, 'probe', `192.0.2.${address}`);
    codes.push(client.take(PacketType.connack).reasonCode);
    held.push(client);
  }
  assert.deepEqual(codes, [0, 0, 0x97, 0, 0, 0, 0, 0, 0, 0x97]);
  for (const client of held) client.cut();
  assert.equal((await claiming(fixture)).take(PacketType.connack).reasonCode, 0);
});

test('whoever has a password, or comes where nobody may claim, is asked for credentials', async () => {
  const fixture = new BrokerFixture({ access: nobodyComesIn });
  const named = fixture.open(5);
  await named.connect({ username: 'claim', password: Buffer.from('x') });
  assert.equal(named.take(PacketType.connack).reasonCode, 0x87);
  const closed = new BrokerFixture({ access: nobodyComesIn, limits: { claimConnectionsMax: 0 } });
  assert.equal((await claiming(closed)).take(PacketType.connack).reasonCode, 0x87);
});
