import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { connectAsync, type MqttClient } from 'mqtt';
import { MalformedPacket } from '../src/mqtt/codec/malformed.ts';
import { PacketType, type ProtocolVersion } from '../src/mqtt/codec/packets.ts';
import { type AnyPacket, decodeAny, encodeAny } from '../src/mqtt/codec/testing/any-packet.ts';
import { packetTypesOf, randomPacket } from '../src/mqtt/codec/testing/random-packet.ts';
import { ByteWriter } from '../src/std/bytes.ts';
import type { Random } from '../src/std/testing/random.ts';
import { forSeedsInTurn } from '../src/std/testing/seed.ts';
import { type Server, startServer } from './server.ts';

const packetCount = 5_000;
const connectionsAtOnce = 50;
/** Beyond what the collector leaves lying around; a leak of one buffer a connection would be five times this. */
const growthBytesMax = 64 * 1024 * 1024;

function encoded(packet: AnyPacket, version: ProtocolVersion): Buffer {
  const writer = new ByteWriter();
  encodeAny(writer, packet, version);
  return Buffer.from(writer.bytes());
}

function connectPacket(clientId: string, version: ProtocolVersion): Buffer {
  const nothing = { username: undefined, password: undefined, will: undefined, properties: undefined };
  return encoded({ type: PacketType.connect, version, clientId, cleanStart: true, keepAlive: 0, ...nothing }, version);
}

/** Whether the bytes are one whole frame that the codec refuses. */
function isMalformed(bytes: Buffer, version: ProtocolVersion): boolean {
  let lengthBytes = 1;
  while (bytes[lengthBytes] >= 0x80 && lengthBytes < 4) lengthBytes++;
  try {
    decodeAny(bytes, bytes[0], 1 + lengthBytes, bytes.length, version);
    return false;
  } catch (problem) {
    return problem instanceof MalformedPacket;
  }
}

/** A packet with one byte changed, behind its length, so that it is whole and wrong. */
function malformedPacket(random: Random, version: ProtocolVersion): Buffer {
  for (;;) {
    const bytes = encoded(randomPacket(random, random.pick(packetTypesOf(version)), version), version);
    const at = random.chance(20) ? 0 : random.between(2, Math.max(2, bytes.length - 1));
    if (at >= bytes.length || bytes[1] >= 0x80) continue;
    bytes[at] ^= 1 << random.below(8);
    if (isMalformed(bytes, version)) return bytes;
  }
}

/** Sends the bytes and leaves it to the server to end the connection; answers what came back. */
async function provoke(port: number, bytes: Buffer): Promise<Buffer> {
  const socket: Socket = connect(port, '127.0.0.1');
  const answer: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => answer.push(chunk));
  // A reset is an end too: the server need not read what it refuses.
  socket.on('error', (error: NodeJS.ErrnoException) => assert.match(error.code ?? '', /ECONNRESET|EPIPE/));
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(answer);
}

/** The reason code of a DISCONNECT; -1 where the bytes are none. */
function disconnectReason(bytes: Buffer): number {
  if (bytes.length === 0 || bytes[0] !== PacketType.disconnect << 4) return -1;
  return bytes[1] < 0x80 ? bytes[2] : bytes[3];
}

async function inBatches(count: number, provokeOne: (i: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += connectionsAtOnce) {
    const size = Math.min(connectionsAtOnce, count - from);
    await Promise.all(Array.from({ length: size }, (_, i) => provokeOne(from + i)));
  }
}

function residentBytes(server: Server): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

/** A client that lives through it all and must notice nothing. */
async function witness(t: TestContext, server: Server): Promise<() => Promise<void>> {
  const client: MqttClient = await connectAsync(server.mqttUrl, { protocolVersion: 5, reconnectPeriod: 0 });
  t.after(() => client.endAsync(true));
  let disturbances = 0;
  client.on('close', () => disturbances++);
  await client.subscribeAsync('witness/in', { qos: 1 });
  return async () => {
    const echo = new Promise<string>((resolve) =>
      client.once('message', (_topic, payload) => resolve(payload.toString())),
    );
    await client.publishAsync('witness/in', 'still here', { qos: 1 });
    assert.equal(await echo, 'still here');
    assert.equal(disturbances, 0);
  };
}

test(`${packetCount} malformed packets each end their own connection and no other`, async (t) => {
  const server = await startServer(t);
  const undisturbed = await witness(t, server);
  const attack = async (random: Random, i: number): Promise<void> => {
    const version = i % 2 === 0 ? 5 : 4;
    const packet = malformedPacket(random, version);
    const hello = i % 10 === 0 ? Buffer.alloc(0) : connectPacket(`bad-${i}`, version);
    const answer = await provoke(server.mqttPort, Buffer.concat([hello, packet]));
    // On MQTT 5 the last packet says why: DISCONNECT with a reason code of the error range [MQTT-4.13.1-1].
    if (version === 5 && hello.length > 0) {
      assert.equal(answer[0] >> 4, PacketType.connack, `no CONNACK before ${packet.toString('hex')}`);
      const reasonCode = disconnectReason(answer.subarray(2 + answer[1]));
      assert.ok(reasonCode >= 0x80, `reason code ${reasonCode} after ${packet.toString('hex')}`);
    }
  };
  let before = 0;
  await forSeedsInTurn(1, async (random) => {
    // Memory grows to its working size first: the collector takes its time.
    await inBatches(3 * packetCount, (i) => attack(random, i));
    before = residentBytes(server);
    await inBatches(packetCount, (i) => attack(random, i));
  });
  await undisturbed();
  const grown = residentBytes(server) - before;
  assert.ok(grown < growthBytesMax, `resident memory grew by ${Math.round(grown / 1024)} KiB`);
});

/** What harms nobody harms no test either. */
const started = startServer({ after });

test('a mebibyte of random bytes on either port gets an end and harms no one', async (t) => {
  const server = await started;
  const undisturbed = await witness(t, server);
  await forSeedsInTurn(20, async (random) => {
    await provoke(server.mqttPort, random.noise(1024 * 1024));
    await provoke(server.httpPort, random.noise(1024 * 1024));
  });
  await undisturbed();
  await server.api('GET', '/v1/queues');
});

test('a packet that announces more than is allowed is refused when its length is read', async () => {
  const server = await started;
  const announced = Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]);
  const answer = await provoke(server.mqttPort, Buffer.concat([connectPacket('big', 5), announced]));
  assert.equal(disconnectReason(answer.subarray(2 + answer[1])), 0x95);
});
