import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import { extensionLooksPerSecondMax } from './lease-extension.ts';
import { BrokerFixture, openAccess } from './testing/broker-fixture.ts';
import { answered, type MemoryClient } from './testing/memory-client.ts';
import { OneQueue } from './testing/one-queue.ts';

async function subscribed(queue: OneQueue, client: MemoryClient, qos: 0 | 1 | 2): Promise<void> {
  assert.equal(await client.subscribed('$queue/jobs', { qos }), qos);
  assert.ok(queue.consumer !== undefined);
}

test('a message that waits for its place in the window keeps its bytes', async () => {
  const queue = new OneQueue();
  const client = await new BrokerFixture({ sources: [queue] }).connect('c', { properties: { receiveMaximum: 1 } });
  await subscribed(queue, client, 1);
  queue.deliver('first');
  queue.deliver('second');
  client.ack(PacketType.puback, client.takePublish().packetId);
  const second = client.takePublish();
  assert.equal(second.payload, 'second');
  assert.equal(String(second.properties?.correlationData), 'which');
});

test('a subscription to a queue brings its messages with where they stand in it', async () => {
  const queue = new OneQueue();
  const client = await new BrokerFixture({ sources: [queue] }).connect('c', { properties: { receiveMaximum: 5 } });
  await subscribed(queue, client, 1);
  assert.equal(queue.credit, 5);
  queue.deliver('job');
  const publish = client.takePublish();
  assert.equal(publish.topic, 'work/a');
  assert.deepEqual(publish.properties?.userProperties, [
    ['own', 'yes'],
    ['sluice-queue', 'jobs'],
    ['sluice-seq', '1'],
    ['sluice-attempt', '1'],
    ['sluice-enqueued-at', '42'],
  ]);
});

test('a dead letter says where it comes from and why, and the next message does not', async () => {
  const queue = new OneQueue();
  const client = await new BrokerFixture({ sources: [queue] }).connect('c');
  await subscribed(queue, client, 1);
  const death = {
    queue: 'jobs',
    sequence: 7,
    code: 'rejected',
    reason: 'No\0paper',
    attempts: 2,
    firstFailureAt: 1,
    lastFailureAt: 2,
    headers: [],
  };
  const said = (): (readonly [string, string])[] => [...(client.takePublish().properties?.userProperties ?? [])];
  queue.deliver('plain');
  queue.deliver('dead', death);
  queue.deliver('plain again');
  assert.equal(said().length, 5);
  assert.deepEqual(said().slice(5), [
    ['sluice-dead-source', 'jobs'],
    ['sluice-dead-seq', '7'],
    ['sluice-dead-reason', 'rejected'],
    ['sluice-dead-last-error', 'No\ufffdpaper'],
    ['sluice-dead-attempts', '2'],
  ]);
  assert.deepEqual(said().slice(1, 3), [
    ['sluice-queue', 'jobs'],
    ['sluice-seq', '3'],
  ]);
});

test('the reason code of PUBACK settles the message', async () => {
  const queue = new OneQueue();
  const client = await new BrokerFixture({ sources: [queue] }).connect('c');
  await subscribed(queue, client, 1);
  for (const reasonCode of [0x00, 0x10, 0x97, 0x80, 0x83, 0x99, 0x87, 0x90]) {
    queue.deliver('job');
    client.ack(PacketType.puback, client.takePublish().packetId, reasonCode);
  }
  assert.deepEqual(
    queue.settlements.map((settlement) => settlement.kind),
    ['acknowledged', 'acknowledged', 'released', 'failed', 'failed', 'rejected', 'rejected', 'rejected'],
  );
  const rejected = queue.settlements[5];
  assert.deepEqual(rejected, {
    kind: 'rejected',
    code: 'reason_0x99',
    reason: 'The consumer said 0x99 (payload format invalid) and no reason string',
  });
});

for (const [qos, version] of [
  [0, 4],
  [1, 4],
  [1, 5],
  [2, 5],
] as const) {
  test(`a client extends what it holds by a publish to the queue (QoS ${qos}, version ${version})`, async () => {
    const queue = new OneQueue();
    const fixture = new BrokerFixture({ sources: [queue], access: openAccess({ mayPublish: () => false }) });
    const client = await fixture.connect('c', { version });
    await subscribed(queue, client, 1);
    queue.deliver('one');
    queue.deliver('two');
    const ids = [client.takePublish().packetId, client.takePublish().packetId];
    client.ack(PacketType.puback, ids[0]);
    client.publish('$queue/jobs/extend', '{"leaseSeconds":60}', { qos, packetId: 9 });
    if (qos === 1) assert.equal(client.take(PacketType.puback).reasonCode, 0);
    if (qos === 2) {
      assert.equal(client.take(PacketType.pubrec).reasonCode, 0);
      client.ack(PacketType.pubrel, 9);
      client.take(PacketType.pubcomp);
    }
    client.publish('$queue/jobs/extend', '');
    client.publish('$queue/jobs/extend', '{"sequences":[2]}');
    assert.deepEqual(queue.extensionsMs, [60_000, undefined, undefined]);
    assert.deepEqual(client.waiting(), []);
  });
}

test('what cannot be extended is refused, with the reason, and the rest is extended', async () => {
  const queue = new OneQueue();
  const client = await new BrokerFixture({ sources: [queue] }).connect('c');
  const other = await new BrokerFixture({ sources: [new OneQueue()] }).connect('o');
  await subscribed(queue, client, 1);
  queue.deliver('one');
  client.takePublish();
  const extend = (who: MemoryClient, body: string, topic = '$queue/jobs/extend'): number => {
    who.publish(topic, body, { qos: 1 });
    return who.take(PacketType.puback).reasonCode;
  };
  assert.equal(extend(client, '{"sequences":[1,7]}'), 0x83);
  assert.equal(queue.extensionsMs.length, 1);
  assert.equal(extend(other, ''), 0x83);
  assert.equal(extend(client, '', '$queue/other/extend'), 0x83);
  for (const body of [
    'no JSON',
    '[]',
    '{"leaseSeconds":0}',
    '{"leaseSeconds":43201}',
    '{"sequences":["1"]}',
    '{"a":1}',
  ])
    assert.equal(extend(client, body), 0x99);
  assert.equal(extend(client, `{"sequences":[${Array(1_001).fill(1)}]}`), 0x99);
  assert.equal(extend(client, ' '.repeat(16 * 1024 + 1)), 0x97);
  assert.equal(extend(client, '', '$queue/jobs/extend/more'), 0x87);
  assert.equal(queue.extensionsMs.length, 1);
});

test('who asks to extend leases more often than it may is told so, and may again a second later', async () => {
  const queue = new OneQueue();
  const fixture = new BrokerFixture({ sources: [queue] });
  const client = await fixture.connect('c');
  await subscribed(queue, client, 1);
  queue.deliver('one');
  client.takePublish();
  for (let asked = 0; asked < extensionLooksPerSecondMax; asked++) client.publish('$queue/jobs/extend', '', { qos: 0 });
  const extend = (): number => {
    client.publish('$queue/jobs/extend', '', { qos: 1 });
    return client.take(PacketType.puback).reasonCode;
  };
  assert.equal(extend(), 0x97);
  assert.equal(queue.extensionsMs.length, extensionLooksPerSecondMax);
  fixture.clock.advance(1_000);
  assert.equal(extend(), 0);
});

test('a client of MQTT 3.1.1 that asks too often keeps what it holds, and is not read until it may again', async () => {
  for (const qos of [0, 1, 2] as const) {
    const queue = new OneQueue();
    const fixture = new BrokerFixture({ sources: [queue] });
    const client = await fixture.connect('c', { version: 4 });
    await subscribed(queue, client, 1);
    queue.deliver('one');
    client.takePublish();
    for (let asked = 0; asked < extensionLooksPerSecondMax; asked++)
      client.publish('$queue/jobs/extend', '', { qos: 0 });
    for (const packetId of [8, 9]) client.publish('$queue/jobs/extend', '', { qos, packetId });
    const answer = qos === 1 ? PacketType.puback : PacketType.pubrec;
    assert.deepEqual(client.waiting(), qos === 0 ? [] : [answer, answer]);
    client.takeAll();
    assert.equal(queue.extensionsMs.length, extensionLooksPerSecondMax);
    assert.equal(fixture.broker.counters.publishesRefused, 2);
    assert.equal(fixture.broker.counters.pauses.extension_rate, 1);
    assert.deepEqual([client.ended, client.paused], [false, true]);
    fixture.clock.advance(1);
    assert.equal(client.paused, false);
    client.publish('$queue/jobs/extend', '', { qos: 0 });
    assert.equal(queue.extensionsMs.length, extensionLooksPerSecondMax + 1);
    assert.deepEqual(queue.settlements, []);
  }
});

test('at QoS 2 the message is settled when the client has it', async () => {
  const queue = new OneQueue();
  const client = await new BrokerFixture({ sources: [queue] }).connect('c', { version: 4 });
  await subscribed(queue, client, 2);
  queue.deliver('job');
  const { packetId } = client.takePublish();
  client.ack(PacketType.pubrec, packetId);
  assert.deepEqual(queue.settlements, [{ kind: 'acknowledged' }]);
  client.take(PacketType.pubrel);
  client.ack(PacketType.pubcomp, packetId);
  assert.equal(queue.settlements.length, 1);
});

test('at QoS 0 the message is settled when the socket has taken it', async () => {
  const queue = new OneQueue();
  const client = await new BrokerFixture({ sources: [queue] }).connect('c');
  await subscribed(queue, client, 0);
  queue.deliver('one');
  assert.equal(queue.settlements.length, 1);
  client.stuckBytes = 512 * 1024;
  queue.deliver('two');
  assert.equal(queue.settlements.length, 1);
  client.drained();
  assert.equal(queue.settlements.length, 2);
});

test('what a client held goes back when it goes, also when it never got it', async () => {
  const queue = new OneQueue();
  const client = await new BrokerFixture({ sources: [queue] }).connect('c', {
    properties: { receiveMaximum: 1, sessionExpiryInterval: 100 },
  });
  await subscribed(queue, client, 1);
  queue.deliver('sent');
  queue.deliver('waiting');
  client.cut();
  assert.equal(queue.stopped, true);
  assert.deepEqual(queue.settlements, [{ kind: 'released' }, { kind: 'released' }]);
});

const jobs = {
  filter: '$queue/jobs',
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
} as const;

test('what a client says beside the filter goes to the queue, also when a kept session takes it up again', async () => {
  const queue = new OneQueue();
  const fixture = new BrokerFixture({ sources: [queue] });
  const properties = { sessionExpiryInterval: 100 };
  const client = await fixture.connect('c', { properties });
  const userProperties = [['start', 'earliest']] as const;
  client.send({ type: PacketType.subscribe, packetId: 1, subscriptions: [jobs], properties: { userProperties } });
  await answered();
  assert.deepEqual(client.take(PacketType.suback).reasonCodes, [1]);
  assert.deepEqual(queue.request?.properties, userProperties);
  const first = queue.request;
  client.cut();
  await fixture.connect('c', { properties, cleanStart: false });
  await answered();
  assert.notEqual(queue.request, first);
  assert.deepEqual(queue.request?.properties, userProperties);
});

test('a SUBSCRIBE to a queue that says more than is kept of it is refused', async () => {
  const queue = new OneQueue();
  const properties = { requestProblemInformation: 1 } as const;
  const client = await new BrokerFixture({ sources: [queue] }).connect('c', { properties });
  const userProperties = [['start', 'x'.repeat(4_096)]] as const;
  client.send({ type: PacketType.subscribe, packetId: 1, subscriptions: [jobs], properties: { userProperties } });
  await answered();
  const suback = client.take(PacketType.suback);
  assert.deepEqual(suback.reasonCodes, [0x97]);
  assert.match(suback.properties?.reasonString ?? '', /user properties have more than 4096 characters/);
  assert.equal(queue.consumer, undefined);
});

test('UNSUBSCRIBE stops the consumption, and a kept session takes it up again', async () => {
  const queue = new OneQueue();
  const fixture = new BrokerFixture({ sources: [queue] });
  const properties = { sessionExpiryInterval: 100 };
  const client = await fixture.connect('c', { properties });
  await subscribed(queue, client, 1);
  client.cut();
  const again = await fixture.connect('c', { properties, cleanStart: false });
  await answered();
  assert.equal(queue.stopped, false);
  queue.deliver('job');
  again.takePublish();
  again.send({ type: PacketType.unsubscribe, packetId: 2, filters: ['$queue/jobs'], properties: undefined });
  await answered();
  assert.deepEqual(again.take(PacketType.unsuback).reasonCodes, [0]);
  assert.equal(queue.stopped, true);
});

test('a queue that does not exist, or whose topics may not be read, is refused with the reason', async () => {
  const queue = new OneQueue();
  const access = openAccess({ maySubscribe: (_identity, _client, filter) => filter !== 'work/#' });
  const client = await new BrokerFixture({ sources: [queue], access }).connect('c');
  for (const [filter, reasonCode] of [
    ['$queue/none', 0x8f],
    ['$queue/jobs', 0x87],
  ] as const) {
    assert.equal(await client.subscribed(filter, { qos: 1 }), reasonCode);
  }
  assert.equal(queue.consumer, undefined);
});

test('who may make the queue that is not there is told how, and nobody else', async () => {
  for (const mayMake of [true, false]) {
    const access = openAccess({ mayAdminister: () => mayMake });
    const client = await new BrokerFixture({ sources: [new OneQueue()], access }).connect('c', {
      properties: { requestProblemInformation: 1 },
    });
    client.sendSubscribe('$queue/none', { qos: 1 });
    await answered();
    const { properties } = client.take(PacketType.suback);
    assert.equal((properties?.reasonString ?? '').includes('`sluice queue create none --bind FILTER`'), mayMake);
  }
});

test('a message whose lease was lost while it waited is not sent any more', async () => {
  const queue = new OneQueue();
  const client = await new BrokerFixture({ sources: [queue] }).connect('c', { properties: { receiveMaximum: 1 } });
  await subscribed(queue, client, 1);
  queue.deliver('sent');
  queue.deliver('waiting');
  const { packetId } = client.takePublish();
  queue.loseLeases();
  client.ack(PacketType.puback, packetId);
  assert.deepEqual(client.waiting(), []);
});

test('the queues of one client share its window, and none delivers before its SUBACK', async () => {
  const [first, second] = [new OneQueue(), new OneQueue('$q/')];
  const client = await new BrokerFixture({ sources: [first, second] }).connect('c', {
    properties: { receiveMaximum: 10 },
  });
  await subscribed(first, client, 1);
  assert.equal(first.credit, 10);
  assert.equal(await client.subscribed('$q/more', { qos: 1 }), 1);
  assert.deepEqual([first.credit, second.credit], [5, 5]);
  assert.deepEqual([first.creditChanges, second.creditChanges], [1, 0]);
});

test('what queues lend to one client is bounded in bytes, as all that waits in a session', async () => {
  const [first, second] = [new OneQueue(), new OneQueue('$q/')];
  const fixture = new BrokerFixture({ sources: [first, second], limits: { sessionBytesMax: 10_000 } });
  const client = await fixture.connect('c');
  await subscribed(first, client, 1);
  assert.equal(first.creditBytes, 10_000);
  assert.equal(await client.subscribed('$q/more', { qos: 1 }), 1);
  assert.deepEqual([first.creditBytes, second.creditBytes], [5_000, 5_000]);
});

test('the window of a queue that is unsubscribed or refused goes back to the others', async () => {
  const [first, second] = [new OneQueue(), new OneQueue('$q/')];
  const client = await new BrokerFixture({ sources: [first, second] }).connect('c', {
    properties: { receiveMaximum: 10 },
  });
  await subscribed(first, client, 1);
  assert.equal(await client.subscribed('$queue/none', { qos: 1 }), 0x8f);
  assert.equal(first.credit, 10);
  assert.equal(await client.subscribed('$q/more', { qos: 1 }), 1);
  assert.equal(first.credit, 5);
  client.send({ type: PacketType.unsubscribe, packetId: 2, filters: ['$q/more'], properties: undefined });
  client.take(PacketType.unsuback);
  assert.equal(first.credit, 10);
});

const removed = new SluiceError('queue_not_found', 'Queue "jobs" was removed');

test('who consumes a queue that is removed is disconnected with 0x98 and the reason, over 3.1.1 without them', async () => {
  for (const version of [5, 4] as const) {
    const [queue, other] = [new OneQueue(), new OneQueue('$q/')];
    const fixture = new BrokerFixture({ sources: [queue, other] });
    const asked = version === 5 ? { properties: { requestProblemInformation: 1 as const } } : {};
    const client = await fixture.connect('c', { version, ...asked });
    assert.equal(await client.subscribed('$q/more', { qos: 1 }), 1);
    await subscribed(queue, client, 1);
    queue.consumer?.ended(removed);
    assert.equal(client.ended, true);
    assert.equal(other.stopped, true);
    assert.deepEqual([...fixture.broker.counters.disconnects], [[0x98, 1]]);
    if (version === 4) {
      assert.deepEqual(client.waiting(), []);
      continue;
    }
    const { reasonCode, properties } = client.take(PacketType.disconnect);
    assert.equal(reasonCode, 0x98);
    assert.equal(properties?.reasonString, 'Consuming "$queue/jobs" has ended: Queue "jobs" was removed');
  }
});

test('a consumption that ends because the server stops takes no connection along, and a kept session keeps it', async () => {
  const queue = new OneQueue();
  const fixture = new BrokerFixture({ sources: [queue] });
  const properties = { sessionExpiryInterval: 100 };
  const client = await fixture.connect('c', { properties });
  await subscribed(queue, client, 1);
  queue.consumer?.ended(new SluiceError('unavailable', 'The server stops'));
  assert.deepEqual([client.ended, client.waiting()], [false, []]);
  client.cut();
  queue.stopped = true;
  await fixture.connect('c', { properties, cleanStart: false });
  await answered();
  assert.equal(queue.stopped, false);
});

test('a kept session goes on with a queue that was removed and made again before its client was back', async () => {
  const queue = new OneQueue();
  const fixture = new BrokerFixture({ sources: [queue] });
  const properties = { sessionExpiryInterval: 100 };
  const client = await fixture.connect('c', { properties });
  await subscribed(queue, client, 1);
  queue.consumer?.ended(removed);
  queue.stopped = true;
  const again = await fixture.connect('c', { properties, cleanStart: false });
  await answered();
  assert.equal(queue.stopped, false);
  queue.deliver('job');
  assert.equal(again.takePublish().payload, 'job');
});

test('a kept session whose queue is gone, or may not be read, is told so when its client is back, and once', async () => {
  for (const [reasonCode, why, lose] of [
    [
      0x98,
      /^Consuming "\$queue\/jobs" has ended: Queue "jobs" was removed/,
      (queue: OneQueue) => queue.refuse(removed),
    ],
    [0x87, /^Consuming "\$queue\/jobs" has ended: .* not allowed/, (queue: OneQueue) => queue.feedBy('secret/#')],
  ] as const) {
    const queues = [new OneQueue(), new OneQueue('$q/')];
    const access = openAccess({ maySubscribe: (_identity, _client, filter) => filter !== 'secret/#' });
    const fixture = new BrokerFixture({ sources: queues, access });
    const properties = { sessionExpiryInterval: 100, requestProblemInformation: 1 } as const;
    const client = await fixture.connect('c', { properties });
    await subscribed(queues[0], client, 1);
    assert.equal(await client.subscribed('$q/more', { qos: 1 }), 1);
    client.cut();
    queues.forEach(lose);
    const back = await fixture.connect('c', { properties, cleanStart: false });
    await answered();
    const disconnect = back.take(PacketType.disconnect);
    assert.equal(disconnect.reasonCode, reasonCode);
    assert.match(disconnect.properties?.reasonString ?? '', why);
    assert.equal(back.ended, true);
    const third = await fixture.connect('c', { properties, cleanStart: false });
    await answered();
    assert.deepEqual([third.ended, third.waiting()], [false, []]);
  }
});

test('a kept session that subscribes to its queue anew, or ends that, while it is taken up again stays connected', async () => {
  for (const then of ['subscribe', 'unsubscribe'] as const) {
    const queue = new OneQueue();
    const fixture = new BrokerFixture({ sources: [queue] });
    const properties = { sessionExpiryInterval: 100 };
    const client = await fixture.connect('c', { properties });
    await subscribed(queue, client, 1);
    client.cut();
    const back = fixture.open();
    const connecting = back.connect({ clientId: 'c', cleanStart: false, properties });
    if (then === 'subscribe') back.sendSubscribe('$queue/jobs', { qos: 1 });
    else back.send({ type: PacketType.unsubscribe, packetId: 2, filters: ['$queue/jobs'], properties: undefined });
    await connecting;
    await answered();
    assert.equal(back.ended, false);
    back.cut();
    queue.stopped = true;
    await fixture.connect('c', { properties, cleanStart: false });
    await answered();
    // What it asked for last counts.
    assert.equal(queue.stopped, then === 'unsubscribe');
  }
});

test('UNSUBSCRIBE right behind SUBSCRIBE stops the consumption', async () => {
  const queue = new OneQueue();
  const client = await new BrokerFixture({ sources: [queue] }).connect('c');
  client.sendSubscribe('$queue/jobs', { qos: 1 });
  client.send({ type: PacketType.unsubscribe, packetId: 2, filters: ['$queue/jobs'], properties: undefined });
  await answered();
  assert.deepEqual(client.take(PacketType.unsuback).reasonCodes, [0]);
  assert.deepEqual(client.take(PacketType.suback).reasonCodes, [0x80]);
  assert.equal(queue.consumer, undefined);
});

test('a kept queue subscription survives a connection that ends before it was opened again', async () => {
  const queue = new OneQueue();
  const fixture = new BrokerFixture({ sources: [queue] });
  const properties = { sessionExpiryInterval: 100 };
  const client = await fixture.connect('c', { properties });
  await subscribed(queue, client, 1);
  client.cut();
  const brief = fixture.open();
  await brief.connect({ clientId: 'c', cleanStart: false, properties });
  brief.cut();
  await answered();
  await fixture.connect('c', { cleanStart: false, properties });
  await answered();
  assert.equal(queue.stopped, false);
});
