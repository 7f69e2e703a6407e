import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { BrokerLimits } from '../broker/limits.ts';
import { BrokerFixture } from '../broker/testing/broker-fixture.ts';
import type { Transport } from '../broker/transport.ts';
import { encodePacket } from '../mqtt/codec/encode.ts';
import { encodePublish } from '../mqtt/codec/encode-publish.ts';
import { type ControlPacket, PacketType } from '../mqtt/codec/packets.ts';
import { ByteWriter } from '../std/bytes.ts';
import { listenerFor } from './testing/listening.ts';

/* The broker behind real sockets, with a clock that a test moves. */

async function served(t: TestContext, limits: Partial<BrokerLimits>) {
  const fixture = new BrokerFixture({ limits });
  const { broker } = fixture;
  const transports: Transport[] = [];
  const { dial: dialled } = await listenerFor(t, {
    accept: (transport) => {
      transports.push(transport);
      return broker.accept(transport);
    },
    sayGoodbye: () => broker.sayGoodbye(),
    counters: broker.counters,
  });
  const dial = async (clientId: string): Promise<Socket> => {
    const socket = await dialled();
    // The server cuts off what it cannot say goodbye to.
    socket.on('error', (error: NodeJS.ErrnoException) => assert.match(error.code ?? '', /ECONNRESET|EPIPE/));
    socket.write(
      encoded({
        type: PacketType.connect,
        version: 5,
        clientId,
        cleanStart: true,
        keepAlive: 0,
        username: undefined,
        password: undefined,
        will: undefined,
        properties: { sessionExpiryInterval: 60 },
      }),
    );
    await once(socket, 'data');
    return socket;
  };
  return { ...fixture, counters: broker.counters, transports, dial };
}

function encoded(packet: ControlPacket): Buffer {
  const writer = new ByteWriter();
  encodePacket(writer, packet, 5);
  return Buffer.from(writer.bytes());
}

function publishOf(payload: Buffer, qos: 0 | 1, packetId: number): Buffer {
  const writer = new ByteWriter();
  encodePublish(writer, 'a', payload, undefined, qos, false, false, packetId, 5);
  return Buffer.from(writer.bytes());
}

function subscribeTo(filter: string): Buffer {
  const request = { filter, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  return encoded({ type: PacketType.subscribe, packetId: 1, subscriptions: [request], properties: undefined });
}

async function turnsUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Turns of the event loop until nothing has changed for many of them: the other side waits. */
async function settled(measure: () => number): Promise<number> {
  let last = measure();
  for (let unchanged = 0; unchanged < 200; unchanged++) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = measure();
    if (now !== last) unchanged = 0;
    last = now;
  }
  return last;
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

test('a flooding publisher is slowed by not being read: its bytes wait in its own socket', async (t) => {
  const { clock, counters, dial } = await served(t, { publishBytesRateMax: mebibyte });
  const flood = await dial('flood');
  const message = publishOf(Buffer.alloc(kibibyte), 0, 0);
  const sent = 32 * kibibyte;
  flood.write(Buffer.concat(new Array<Buffer>(sent).fill(message)));
  const first = await settled(() => counters.bytesIn);
  // One second of the rate, and one more read before it was noticed.
  assert.ok(first <= mebibyte + 128 * kibibyte, `${first} bytes were read`);
  assert.equal(counters.pauses.publish_rate, 1);
  assert.ok(flood.writableLength > 0, 'the flood waits at its source');
  clock.advance(1_000);
  const second = await settled(() => counters.bytesIn);
  assert.ok(second > first && second <= 2 * mebibyte + 256 * kibibyte, `${second} bytes were read`);
  for (let i = 0; counters.publishesIn < sent; i++) {
    assert.ok(i < 100, `${counters.publishesIn} of ${sent} after ${i} seconds`);
    clock.advance(1_000);
    await settled(() => counters.bytesIn);
  }
  assert.equal(counters.publishesRefused, 0);
});

test('a subscriber that does not read costs no more than its bounds, and QoS 0 is dropped and counted', async (t) => {
  const outputBytesMax = 2 * mebibyte;
  const { clock, counters, transports, dial } = await served(t, { outputBytesMax, sessionBytesMax: mebibyte });
  const subscriber = await dial('slow');
  subscriber.write(subscribeTo('a'));
  await once(subscriber, 'data');
  subscriber.pause();
  const [transport] = transports;
  const publisher = await dial('fast');
  const payload = Buffer.alloc(16 * kibibyte);
  let most = 0;
  let sent = 0;
  while (counters.dropped.slow_consumer < 100) {
    publisher.write(publishOf(payload, 0, 0));
    sent++;
    // The publisher is held while the subscriber is congested, until patience ends.
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, transport.bufferedBytes);
    assert.ok(sent < 10_000, 'nothing was dropped');
  }
  assert.ok(most <= outputBytesMax + payload.length + kibibyte, `${most} bytes waited for one socket`);
  let received = 0;
  subscriber.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  subscriber.resume();
  await turnsUntil(() => counters.publishesIn === sent);
  const delivered = sent - counters.dropped.slow_consumer;
  await turnsUntil(() => received >= delivered * payload.length);
  assert.equal(transport.bufferedBytes, 0);
});

test('QoS 1 for a subscriber that does not read waits in its session within the bounds, and comes when it reads', async (t) => {
  const outputBytesMax = 2 * mebibyte;
  const sessionMessagesMax = 400;
  const { clock, counters, transports, dial } = await served(t, {
    outputBytesMax,
    sessionMessagesMax,
    sessionBytesMax: 64 * mebibyte,
    inflightMax: 1_000,
  });
  const subscriber = await dial('slow');
  subscriber.write(subscribeTo('a'));
  await once(subscriber, 'data');
  subscriber.pause();
  const [transport] = transports;
  const publisher = await dial('fast');
  publisher.resume();
  const payload = Buffer.alloc(16 * kibibyte);
  let most = 0;
  let sent = 0;
  while (counters.dropped.session_full === 0) {
    publisher.write(publishOf(payload, 1, 1 + (sent % 5)));
    sent++;
    clock.advance(1_000);
    await settled(() => counters.publishesIn);
    most = Math.max(most, transport.bufferedBytes);
    assert.ok(sent < 5_000, 'nothing was dropped');
  }
  assert.ok(most <= outputBytesMax + payload.length + kibibyte, `${most} bytes waited for one socket`);
  assert.equal(counters.dropped.slow_consumer, 0);
  const before = counters.publishesOut;
  subscriber.resume();
  let received = 0;
  subscriber.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  await settled(() => received);
  assert.ok(counters.publishesOut > before, 'what waited in the session is sent');
  assert.equal(transport.bufferedBytes, 0);
});
