import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import { ByteWriter } from '../std/bytes.ts';
import { type AcknowledgedLink, Acknowledger } from './acknowledge.ts';
import { BrokerFixture, HeldSink } from './testing/broker-fixture.ts';

function acknowledging(): { acknowledger: Acknowledger; sent: () => number[] } {
  const transport = new ByteWriter();
  const link = { transport, version: 4, counters: { answersOut: 0 } } as unknown as AcknowledgedLink;
  return { acknowledger: new Acknowledger(link), sent: () => [...transport.bytes()] };
}

function answer(acknowledger: Acknowledger, tag: number, receipts: number): void {
  for (let receipt = 0; receipt < receipts; receipt++) acknowledger.receipt(tag, undefined);
}

test('a message of several hundred queues is acknowledged when the last of them has it, not before', () => {
  const { acknowledger, sent } = acknowledging();
  const tag = acknowledger.open(7, 1);
  acknowledger.expect(tag, 700);
  answer(acknowledger, tag, 699);
  assert.deepEqual(sent(), []);
  answer(acknowledger, tag, 1);
  assert.deepEqual(sent(), [0x40, 2, 0, 7]);
});

test('receipts of several hundred queues that come before it is known how many there are count too', () => {
  const { acknowledger, sent } = acknowledging();
  const tag = acknowledger.open(7, 1);
  answer(acknowledger, tag, 300);
  assert.deepEqual(sent(), []);
  acknowledger.expect(tag, 301);
  assert.deepEqual(sent(), []);
  answer(acknowledger, tag, 1);
  assert.deepEqual(sent(), [0x40, 2, 0, 7]);
});

for (const version of [4, 5] as const) {
  test(`PUBREL that does not wait for PUBREC is answered behind it, once (version ${version})`, async () => {
    const sink = new HeldSink('t');
    const fixture = new BrokerFixture({ sinks: [sink], limits: { receiveMaximum: 1 } });
    const publisher = await fixture.connect('p', { version });
    for (const _ of [1, 2]) {
      publisher.publish('t', 'x', { qos: 2, packetId: 8 });
      publisher.ack(PacketType.pubrel, 8);
      assert.deepEqual(publisher.waiting(), []);
      const { waiter, tag } = sink.admitted.splice(0)[0];
      waiter.receipt(tag, undefined);
      assert.deepEqual(publisher.waiting(), [PacketType.pubrec, PacketType.pubcomp]);
      publisher.takeAll();
    }
  });
}

test('PUBREL that comes between the PUBRECs of a message and of its copy is answered behind both', async () => {
  const sink = new HeldSink('t');
  const publisher = await new BrokerFixture({ sinks: [sink] }).connect('p');
  publisher.publish('t', 'x', { qos: 2, packetId: 8 });
  publisher.publish('t', 'y', { qos: 1, packetId: 9 });
  publisher.publish('t', 'x', { qos: 2, packetId: 8, dup: true });
  const [first, second] = sink.admitted;
  first.waiter.receipt(first.tag, undefined);
  publisher.take(PacketType.pubrec);
  publisher.ack(PacketType.pubrel, 8);
  assert.deepEqual(publisher.waiting(), []);
  second.waiter.receipt(second.tag, undefined);
  assert.deepEqual(publisher.waiting(), [PacketType.puback, PacketType.pubrec, PacketType.pubcomp]);
});

test('what becomes of a message of an earlier connection is nothing to another one under its packet id', async () => {
  const sink = new HeldSink('t');
  const fixture = new BrokerFixture({ sinks: [sink] });
  const properties = { sessionExpiryInterval: 100 };
  const before = await fixture.connect('p', { properties });
  before.publish('t', 'first', { qos: 2, packetId: 8 });
  before.ack(PacketType.pubrel, 8);
  before.cut();
  const publisher = await fixture.connect('p', { cleanStart: false, properties });
  publisher.ack(PacketType.pubrel, 8);
  publisher.take(PacketType.pubcomp);
  publisher.publish('t', 'second', { qos: 2, packetId: 8 });
  const [first, second] = sink.admitted;
  first.waiter.receipt(first.tag, new SluiceError('queue_full', 'The queue is full'));
  publisher.publish('t', 'second', { qos: 2, packetId: 8, dup: true });
  assert.equal(sink.admitted.length, 2);
  assert.deepEqual(publisher.waiting(), []);
  second.waiter.receipt(second.tag, undefined);
  assert.deepEqual(publisher.waiting(), [PacketType.pubrec, PacketType.pubrec]);
});

test('a message under the packet id of one whose PUBREL is not answered ends the connection, and is not taken for that one', async () => {
  const sink = new HeldSink('t');
  const publisher = await new BrokerFixture({ sinks: [sink] }).connect('p');
  publisher.publish('t', 'first', { qos: 2, packetId: 8 });
  publisher.ack(PacketType.pubrel, 8);
  publisher.publish('t', 'second', { qos: 2, packetId: 8 });
  assert.equal(publisher.take(PacketType.disconnect).reasonCode, 0x82);
  assert.equal(sink.admitted.length, 1);
});

test('a PUBREL that comes again and again before PUBREC is answered once, and takes no more room', async () => {
  const sink = new HeldSink('t');
  const fixture = new BrokerFixture({ sinks: [sink], limits: { receiveMaximum: 2 } });
  const publisher = await fixture.connect('p');
  publisher.publish('t', 'x', { qos: 2, packetId: 8 });
  for (let i = 0; i < 1_000; i++) publisher.ack(PacketType.pubrel, 8);
  publisher.publish('t', 'y', { qos: 2, packetId: 9 });
  for (const { waiter, tag } of sink.admitted) waiter.receipt(tag, undefined);
  const { pubrec, pubcomp } = PacketType;
  assert.deepEqual(publisher.waiting(), [pubrec, pubcomp, pubrec]);
});

test('a message that is sent again and released before its first PUBREC holds nothing up', async () => {
  const sink = new HeldSink('t');
  const fixture = new BrokerFixture({ sinks: [sink] });
  const publisher = await fixture.connect('p');
  publisher.publish('t', 'x', { qos: 2, packetId: 8 });
  publisher.publish('t', 'x', { qos: 2, packetId: 8, dup: true });
  publisher.ack(PacketType.pubrel, 8);
  publisher.publish('u', 'x', { qos: 1, packetId: 9 });
  const [{ waiter, tag }] = sink.admitted;
  waiter.receipt(tag, undefined);
  const { pubrec, pubcomp, puback } = PacketType;
  assert.deepEqual(publisher.waiting(), [pubrec, pubrec, pubcomp, puback]);
});
