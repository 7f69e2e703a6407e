import { decodeAck } from '../src/mqtt/codec/decode-ack.ts';
import { decodePublish, payloadOf, topicOf } from '../src/mqtt/codec/decode-publish.ts';
import { encodeAck } from '../src/mqtt/codec/encode-ack.ts';
import { encodePublish, PublishFrame } from '../src/mqtt/codec/encode-publish.ts';
import { FrameReader } from '../src/mqtt/codec/frames.ts';
import { PacketType, type ProtocolVersion, type PublishProperties } from '../src/mqtt/codec/packets.ts';
import { ByteWriter } from '../src/std/bytes.ts';

// Nanoseconds per call of the codec's hot paths: node bench/codec.ts

const calls = 2_000_000;
const topic = 'devices/sensor-0001/telemetry';
const payload = Buffer.alloc(64, 'x');
const properties: PublishProperties = { contentType: 'application/json', userProperties: [['site', 'north']] };
const sink = new ByteWriter(65_536);

for (const version of [4, 5] as const) {
  const frame = written(version, undefined);
  const shared = new PublishFrame(topic, payload, undefined);
  const on = `on ${version === 4 ? '3.1.1' : '5'}`;
  measure(`decodePublish ${on}`, () => decodePublish(frame, frame[0], 2, frame.length, version).payloadStart);
  measure(`decodePublish, topicOf, payloadOf ${on}`, () => {
    const packet = decodePublish(frame, frame[0], 2, frame.length, version);
    return topicOf(packet).length + payloadOf(packet).length;
  });
  measure(`encodePublish QoS 0 ${on}`, () => encode(version, undefined, 0));
  measure(`encodePublish QoS 1 ${on}`, () => encode(version, undefined, 1));
  measure(`PublishFrame QoS 0, each further subscriber ${on}`, () => share(shared, 0, version));
  measure(`PublishFrame QoS 1, each further subscriber ${on}`, () => share(shared, 1, version));
}
const described = written(5, properties);
// Its remaining length takes two bytes, that of the others one.
const bodyStart = 3;
measure(
  'decodePublish with 2 properties',
  () => decodePublish(described, described[0], bodyStart, described.length, 5).topicEnd,
);
measure('encodePublish with 2 properties', () => encode(5, properties, 1));
const puback = Buffer.from('40020007', 'hex');
measure('decodeAck', () => decodeAck(puback, puback[0], 2, 4, 5).packetId);
measure('encodeAck', () => {
  sink.position = 0;
  encodeAck(sink, PacketType.puback, 7, 0, 5);
  return sink.position;
});
measureFrames();

function encode(version: ProtocolVersion, given: PublishProperties | undefined, qos: 0 | 1): number {
  sink.position = 0;
  encodePublish(sink, topic, payload, given, qos, false, false, 7, version);
  return sink.position;
}

function share(frame: PublishFrame, qos: 0 | 1, version: ProtocolVersion): number {
  sink.position = 0;
  frame.write(sink, qos, false, false, 7, version);
  return sink.position;
}

function written(version: ProtocolVersion, given: PublishProperties | undefined): Buffer {
  encode(version, given, 1);
  return Buffer.from(sink.bytes());
}

/** 64 KiB chunks full of small packets, as a busy socket reads them. */
function measureFrames(): void {
  const frame = written(4, undefined);
  const chunk = Buffer.concat(new Array(Math.floor(65_536 / frame.length)).fill(frame));
  let count = 0;
  const reader = new FrameReader({ frame: () => ++count > 0 }, 65_536);
  const push = () => {
    for (const start = count; count < start + calls; ) reader.push(chunk);
  };
  push();
  report('FrameReader, each packet of a full chunk', push);
}

/** The sum of the answers keeps the calls from being optimised away. */
function measure(name: string, call: () => number): void {
  const run = () => {
    let sum = 0;
    for (let index = 0; index < calls; index++) sum += call();
    if (sum === 0) throw new Error(`${name} did nothing`);
  };
  run();
  report(name, run);
}

function report(name: string, run: () => void): void {
  const start = process.hrtime.bigint();
  run();
  const nanoseconds = Number(process.hrtime.bigint() - start) / calls;
  process.stdout.write(`${name.padEnd(60)} ${nanoseconds.toFixed(1).padStart(8)} ns\n`);
}
